"""The same bad requests to a node and to npm's oidc-provider: both answer alike, or the difference is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.clients import registry
from idp.records import Client
from service.config import load_config
from service.wiring import Services
from tests.support.bad_requests import CASES
from tests.support.demo import Federation
from tests.support.explained_differences import DIFFERENCES, EXPLAINED
from tests.support.node import workspace
from tests.support.providers import PARTIES, SCOPES, Side, running_peer

CITY, MARKET = "445100", "114451008W15P11PMR"
SCRIPTS = Path(__file__).parents[1] / "support" / "node_rp"


@pytest.fixture(scope="module")
def ours(federation: Federation) -> Side:
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        for party in PARTIES:
            client = Client(
                client_id=party.client_id,
                name=party.client_id,
                department=MARKET,
                token_endpoint_auth_method=party.method,
                redirect_uris=party.redirect_uris,
                post_logout_redirect_uris=party.post_logout_redirect_uris,
                scopes=SCOPES,
                grant_types=party.grant_types,
                jwks=party.jwks,
                require_pushed_authorization_requests=party.pushes,
            )
            secret = party.secret if party.method == "client_secret_basic" else None
            registry.register(services.idp, client, client_secret=secret, actor="operator:test")
    return Side(federation.url(CITY), federation.account("citizen"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    with running_peer(workspace(SCRIPTS, tmp_path_factory.mktemp("peer"))) as peer:
        yield peer


@pytest.mark.parametrize("name", CASES)
def test_both_providers_answer_alike_or_the_difference_is_explained(name: str, ours: Side, theirs: Side) -> None:
    did, they_did = str(CASES[name](ours)), str(CASES[name](theirs))
    assert (did, they_did) == DIFFERENCES.get(name, (did, did))


def test_every_difference_is_looked_for_and_explained_by_a_section() -> None:
    assert DIFFERENCES.keys() <= CASES.keys()
    for entry in EXPLAINED:
        assert entry.did != entry.other_did
        assert re.match(r"(RFC \d{4}|OpenID Connect Core|RP-Initiated Logout) \d", entry.why), entry
