"""Wherever a signed token is taken, no forgery of one is: foreign keys, foreign algorithms, what is critical, deep or huge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from idp import endpoints, signing_keys
from idp.wire import OAuthResponse
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.support.forgeries import forgeries
from tests.support.good_requests import register
from tests.support.idp import CALLBACK, Provider, provider_in, returned
from tests.support.request_rows import REFUSED, World
from tests.support.signing_client import ASSERTION_TYPE, assertion, request_claims, sign, signing_key


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[World]:
    with provider_in(tmp_path_factory.mktemp("forged"), keys) as provider:
        register(provider)
        browser = provider.browser()
        browser.log_in()
        yield World(browser)


def told(answer: OAuthResponse) -> str:
    document = json.loads(answer.body)
    return "accepted" if answer.status == 200 and document.get("active", True) else str(document.get("error", "inactive"))


def at_userinfo(world: World, value: str) -> str:
    return told(world.provider.userinfo(value))


def at_userinfo_in_body(world: World, value: str) -> str:
    return told(world.provider.post(endpoints.USERINFO, {"access_token": value}, authorization=None))


def at_introspection(world: World, value: str) -> str:
    return told(world.provider.post(endpoints.INTROSPECT, {"token": value}))


def at_revocation(world: World, value: str) -> str:
    """Tell whether the good token that ``value`` was made from is still one: the endpoint itself says nothing."""
    world.provider.post(endpoints.REVOKE, {"token": value})
    return "accepted" if at_userinfo(world, world.kept("access_token")) != "accepted" else "unknown"


def as_client_assertion(world: World, value: str) -> str:
    form: dict[str, str | None] = {"client_assertion": value, "client_assertion_type": ASSERTION_TYPE}
    return told(world.provider.post(endpoints.TOKEN, form | {"grant_type": "client_credentials"}, authorization=None))


def authorized(world: World, **changes: str) -> str:
    answer = world.browser.client.get(endpoints.AUTHORIZE, query_string=world.provider.request(**changes))
    if answer.status_code == 400:
        assert "Location" not in answer.headers
        return REFUSED
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    return returned(answer).get("error", "accepted")


def as_request_object(world: World, value: str) -> str:
    return authorized(world, client_id="signer", request=value)


def as_hint(world: World, value: str) -> str:
    return authorized(world, id_token_hint=value)


def as_hint_at_logout(world: World, value: str) -> str:
    answer = world.provider.browser().client.get(endpoints.LOGOUT, query_string={"id_token_hint": value})
    assert answer.status_code in {303, 400}, answer.text
    return REFUSED if answer.status_code == 400 else "accepted"


def ours(provider: Provider) -> jose.JwkKey:
    return signing_keys.get_signing_key(provider.deps, "ES256")


def theirs(_provider: Provider) -> jose.JwkKey:
    return signing_key("ES256")


Place = Callable[[World, str], str]
PLACES: tuple[tuple[Place, Callable[[World], str], Callable[[Provider], jose.JwkKey], set[str]], ...] = (
    (at_userinfo, lambda world: world.kept("access_token"), ours, {"invalid_token"}),
    (at_userinfo_in_body, lambda world: world.kept("access_token"), ours, {"invalid_token"}),
    (at_introspection, lambda world: world.kept("access_token"), ours, {"inactive"}),
    (as_hint, lambda world: world.kept("id_token"), ours, {"invalid_request"}),
    (as_hint_at_logout, lambda world: world.kept("id_token"), ours, {REFUSED}),
    (
        as_client_assertion,
        lambda world: assertion(world.provider, "signer")["client_assertion"] or "",
        theirs,
        {"invalid_client"},
    ),
    (
        as_request_object,
        lambda world: sign(request_claims(world.provider)),
        theirs,
        {"invalid_request_object", "request_not_supported"},
    ),
)
TOO_MUCH = {"invalid_request", REFUSED}
"""What the frame of a request says to one that is larger than any: its query, or its body."""


@pytest.mark.parametrize(("place", "good", "key", "refusals"), PLACES, ids=lambda value: getattr(value, "__name__", ""))
def test_no_forgery_of_a_token_is_taken(
    world: World, place: Place, good: Callable[[World], str], key: Callable[[Provider], jose.JwkKey], refusals: set[str]
) -> None:
    token = good(world)
    for what, forged in forgeries(token, key(world.provider)):
        expected = refusals | TOO_MUCH if len(forged) > 10_000 else refusals
        assert place(world, forged) in expected, what
    assert place(world, token) == "accepted", "the forgeries are of a good one"


def test_a_forgery_revokes_nothing(world: World) -> None:
    for what, forged in forgeries(world.kept("access_token"), ours(world.provider)):
        assert at_revocation(world, forged) == "unknown", what


@pytest.mark.parametrize("name", ["access_token", "id_token", "refresh_token"])
def test_each_token_is_good_in_its_own_place_only(world: World, name: str) -> None:
    value = world.kept(name)
    taken = {place.__name__ for place, *_ in PLACES if place(world, value) == "accepted"}
    assert (
        taken
        == {
            "access_token": {"at_userinfo", "at_userinfo_in_body", "at_introspection"},
            "id_token": {"as_hint", "as_hint_at_logout"},
            "refresh_token": {"at_introspection"},
        }[name]
    )
