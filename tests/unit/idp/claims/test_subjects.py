"""Pairwise identifiers: each sector has its own of a person, and everything that names the person to a client names it so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import endpoints
from idp.claims.subjects import subject_of
from idp.clients.sectors import sector_of
from idp.logout.logout_token import sign_logout_token
from idp.people.accounts import SUBJECT_PREFIX, get_by_username
from idp.ports import IdpDeps
from idp.records import Client, LogoutDelivery
from kernel.errors import Refusal
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.support.idp import CALLBACK, Browser, Provider, add_client, another_process, json_of, provider_in
from tests.support.idp_elsewhere import Published
from tests.support.signing_client import public_jwks

SECTOR = "https://gov.example.cn/sector.json"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Browser]:
    """A browser in which a citizen is logged in, and two departments that know people apart."""
    with provider_in(tmp_path_factory.mktemp("subjects"), keys) as provider:
        provider.add_account()
        provider.add_client()
        for client_id in ("apart", "apart2"):
            provider.add_client(client_id, subject_type="pairwise")
        provider.add_client("elsewhere", subject_type="pairwise", redirect_uris=("https://rsj.example.cn/cb",))
        made = provider.browser()
        made.log_in()
        yield made


def sub_of(provider: Provider, client_id: str) -> str:
    account = get_by_username(provider.deps, "chenxiaochao")
    return subject_of(provider.deps, provider.client(client_id), account.id)


def test_a_sector_knows_a_person_by_one_identifier_and_others_by_another(browser: Browser) -> None:
    provider = browser.provider
    account = get_by_username(provider.deps, "chenxiaochao")
    assert sub_of(provider, "scjg") == account.id
    assert sub_of(provider, "apart") == sub_of(provider, "apart2")
    assert len({account.id, sub_of(provider, "apart"), sub_of(provider, "elsewhere")}) == 3
    assert sub_of(provider, "apart") == subject_of(another_process(provider.deps), provider.client("apart"), account.id)


def test_requirement_10_a_pairwise_sub_looks_like_every_other(browser: Browser) -> None:
    public, pairwise = (sub_of(browser.provider, client) for client in ("scjg", "apart"))
    assert pairwise.startswith(SUBJECT_PREFIX)
    assert len(pairwise) == len(public)


def test_everything_that_a_client_is_told_names_the_person_so(browser: Browser) -> None:
    provider = browser.provider
    expected = sub_of(provider, "apart")
    tokens = browser.tokens(client_id="apart", scope="openid profile offline_access")
    refreshed = json_of(provider.refresh(tokens["refresh_token"], client_id="apart"))
    for each in (tokens, refreshed):
        assert jose.unverified_claims(each["id_token"])["sub"] == expected
        assert jose.unverified_claims(each["access_token"])["sub"] == expected
        assert json_of(provider.userinfo(each["access_token"]))["sub"] == expected
    for token in (refreshed["access_token"], refreshed["refresh_token"]):
        shown = json_of(provider.post(endpoints.INTROSPECT, {"token": token}, client_id="apart"))
        assert (shown["active"], shown["sub"]) == (True, expected)


def test_a_client_names_the_person_as_it_knows_them(browser: Browser) -> None:
    provider = browser.provider
    tokens = browser.tokens(client_id="apart")
    good: dict[str, Any] = {"client_id": "apart", "prompt": "none"}
    assert "code" in browser.authorize(**good, id_token_hint=tokens["id_token"])
    assert "code" in browser.authorize(**good, claims=f'{{"id_token":{{"sub":{{"value":"{sub_of(provider, "apart")}"}}}}}}')
    for stranger in (sub_of(provider, "scjg"), sub_of(provider, "elsewhere")):
        back = browser.authorize(**good, claims=f'{{"id_token":{{"sub":{{"value":"{stranger}"}}}}}}')
        assert back["error"] == "login_required"


def test_a_hint_with_a_pairwise_sub_ends_the_session_without_asking(browser: Browser) -> None:
    other = browser.provider.browser()
    other.log_in()
    hint = other.tokens(client_id="apart")["id_token"]
    query = {"id_token_hint": hint, "post_logout_redirect_uri": "https://scjg.example.cn/"}
    answer = other.client.get("/oauth/logout", query_string=query)
    assert answer.headers.get("Location") == "https://scjg.example.cn/"
    assert other.authorize(prompt="none")["error"] == "login_required"


def test_departments_cannot_compare_sessions_either(browser: Browser) -> None:
    provider = browser.provider
    hints = {client_id: browser.tokens(client_id=client_id)["id_token"] for client_id in ("scjg", "apart", "apart2")}
    sids = {client_id: jose.unverified_claims(hint)["sid"] for client_id, hint in hints.items()}
    assert len(set(sids.values())) == 3, "one session, and nobody can tell by its name"
    for client_id, sid in sids.items():
        now = provider.deps.clock.now()
        owed = LogoutDelivery(sids["scjg"], client_id, client_id, "account", owed_at=now, next_try_at=now)
        told = sign_logout_token(provider.deps, provider.client(client_id), owed, now=now)
        assert jose.unverified_claims(told)["sid"] == sid


@given(st.text(), st.text())
def test_a_sector_is_one_host(one: str, other: str) -> None:
    uris = ("https://a.example.cn/" + one, "https://a.example.cn/" + other)
    assert sector_of(Client("c", "n", "d", redirect_uris=uris)) == "a.example.cn"


# sector_identifier_uri


def published(deps: IdpDeps, document: bytes) -> IdpDeps:
    return replace(deps, fetch=Published({SECTOR: document}))


def test_a_sector_is_what_its_document_says(light: IdpDeps) -> None:
    deps = published(light, f'["{CALLBACK}","https://b.example.cn/cb"]'.encode())
    uris = (CALLBACK, "https://b.example.cn/cb")
    client = add_client(deps, subject_type="pairwise", sector_identifier_uri=SECTOR, redirect_uris=uris).client
    assert sector_of(client) == "gov.example.cn"


def test_a_document_says_nothing_of_a_system_without_return_addresses(light: IdpDeps) -> None:
    deps = published(light, b"[]")
    with pytest.raises(Refusal) as caught:
        add_client(
            deps, subject_type="pairwise", sector_identifier_uri=SECTOR, redirect_uris=(), grant_types=("client_credentials",)
        )
    assert caught.value.field == "sector_identifier_uri"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'["https://elsewhere.example.cn/"]',
        b'{"a":1}',
        b"not JSON",
        b"[" * 60000,
        b"\xff",
        b"[1,null,[]]",
        b"[" * 70000,
    ],
    ids=range(9),
)
def test_requirement_22_a_document_that_does_not_list_them_refuses(light: IdpDeps, document: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        add_client(published(light, document), subject_type="pairwise", sector_identifier_uri=SECTOR)
    assert (caught.value.code, caught.value.field) == ("client_unsuitable", "sector_identifier_uri")


UNASKED = (
    "http://gov.example.cn/s",
    "https://user@gov.example.cn/s",
    "https://gov.example.cn",
    "https://gov.example.cn/%2e%2e/s",
    "file:///etc/passwd",
)


@pytest.mark.parametrize("uri", UNASKED)
def test_requirement_22_only_https_addresses_are_asked(light: IdpDeps, uri: str) -> None:
    for change in ({"sector_identifier_uri": uri}, {"jwks_uri": uri}, {"request_uris": (uri,), "jwks": public_jwks()}):
        with pytest.raises(Refusal) as caught:
            add_client(light, **change)  # type: ignore[arg-type]  # one member or another
        assert caught.value.field in change
    assert isinstance(light.fetch, Published)
    assert light.fetch.asked == []
