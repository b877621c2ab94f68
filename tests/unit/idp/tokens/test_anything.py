"""Whatever is posted to the endpoints that give and take tokens: an OAuth error of a known name, or what was asked for; never another exception."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp import endpoints
from idp.clients.grant_types import DEVICE_CODE, EXCHANGE
from idp.dispatch import ENDPOINTS
from idp.oauth_errors import OAUTH_NAMES
from idp.tokens.grants.exchanged import ACCESS_TOKEN
from idp.tokens.grants.mandated import ORGANIZATION
from idp.wire import NOTHING, OAuthRequest, Parameters, parse_parameters
from kernel.errors import Refusal
from pki.keyfiles import FileKeyStore
from tests.support.idp import Browser, basic, json_of, provider_in

INTERFACE = "https://api.example.cn/"
PATHS = (endpoints.TOKEN, endpoints.DEVICE_AUTHORIZATION, endpoints.INTROSPECT, endpoints.REVOKE)
NAMES = (
    "resource",
    "audience",
    "scope",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "device_code",
    "code",
    "refresh_token",
    "token",
    "client_id",
)
VALUES = ("", "openid", "profile identity", INTERFACE, "api", ACCESS_TOKEN, ORGANIZATION, "a.b.c", "{}", "\u0130", "x" * 600)
GRANTS = ("authorization_code", "refresh_token", "client_credentials", EXCHANGE, DEVICE_CODE, "password")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Browser]:
    with provider_in(tmp_path_factory.mktemp("anything"), keys) as provider:
        provider.add_account()
        provider.add_client(grant_types=tuple(grant for grant in GRANTS if grant != "password"))
        provider.add_client("api", resources=(INTERFACE,), grant_types=("client_credentials", EXCHANGE), redirect_uris=())
        made = provider.browser()
        made.log_in()
        yield made


@pytest.fixture(scope="module")
def token(browser: Browser) -> str:
    return str(browser.tokens(scope="openid profile", resource=INTERFACE)["access_token"])


def read(body: str) -> Parameters | None:
    """Return the form as the endpoints get it, None when they don't."""
    try:
        return parse_parameters(body.encode(), max_bytes=64 * 1024)
    except Refusal:
        return None


_FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=30)), max_size=6)


@settings(max_examples=80)
@given(path=st.sampled_from(PATHS), grant=st.sampled_from(GRANTS), fields=_FIELDS, shows_one=st.booleans())
def test_whatever_is_posted_gets_an_answer_of_the_protocol(
    browser: Browser, token: str, path: str, grant: str, fields: list[tuple[str, str]], *, shows_one: bool
) -> None:
    good = [("subject_token", token), ("subject_token_type", ACCESS_TOKEN)] if shows_one else []
    given_names = {name for name, _ in good}
    body = urlencode([("grant_type", grant), *good, *(pair for pair in fields if pair[0] not in given_names)])
    provider = browser.provider
    form = read(body)
    if form is None:
        return
    for client_id in ("scjg", "api"):
        answer = ENDPOINTS[path](
            provider.deps, OAuthRequest("POST", NOTHING, form, basic(client_id, provider.secrets[client_id]))
        )
        assert answer.status in {200, 400, 401}
        assert answer.status == 200 or json_of(answer)["error"] in OAUTH_NAMES.values()
