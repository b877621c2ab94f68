"""Request objects: only what the client signed counts, and only from where it registered that they are."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert.records import Fetched
from idp.authorize.request_objects import FETCHES_PER_MINUTE, unpack
from idp.oauth_errors import OAUTH_NAMES
from idp.wire import Parameters
from kernel.clock import timestamp
from kernel.errors import Refusal
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.support.idp import CALLBACK, Browser, Provider, json_of, provider_in, returned
from tests.support.idp_elsewhere import Published
from tests.support.signing_client import assertion, public_jwks, request_claims, sign

ELSEWHERE = "https://scjg.example.cn/other-callback"
PUBLISHED = "https://scjg.example.cn/requests/1"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Browser]:
    """A browser in which a citizen is logged in, for all tests: what is refused changes nothing."""
    with provider_in(tmp_path_factory.mktemp("objects"), keys) as provider:
        provider.add_account()
        provider.add_client()
        provider.add_client("signer", jwks=public_jwks(), request_uris=(PUBLISHED,), redirect_uris=(CALLBACK, ELSEWHERE))
        made = provider.browser()
        made.log_in()
        yield made


@pytest.fixture
def signer(browser: Browser) -> Provider:
    """The provider, with nothing to be had from elsewhere yet."""
    published = browser.provider.deps.fetch
    assert isinstance(published, Published)
    published.documents.clear()
    published.asked.clear()
    return browser.provider


def ask(browser: Browser, value: str, **outside: str) -> dict[str, str]:
    query = {"client_id": "signer", "request": value, **outside}
    return returned(browser.get("/oauth/authorize", query))


def refused(browser: Browser, value: str, **outside: str) -> str:
    """Send a request object that is refused, with a registered return address beside it, and return the error."""
    back = ask(browser, value, redirect_uri=CALLBACK, state="outer", **outside)
    assert "code" not in back
    assert back["state"] == "outer"
    return back["error"]


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", "JWT"])
def test_a_request_that_the_client_signed_is_carried_out(browser: Browser, signer: Provider, alg: str, typ: str) -> None:
    back = ask(browser, sign(request_claims(signer), alg=alg, typ=typ))
    assert back["state"] == "the-state"
    assert signer.redeem(back["code"], client_id="signer").status == 200


def test_what_stands_beside_the_object_does_not_count(browser: Browser, signer: Provider) -> None:
    value = sign(request_claims(signer, redirect_uri=ELSEWHERE, nonce="inner"))
    query = {"client_id": "signer", "request": value, "redirect_uri": CALLBACK, "state": "outer", "nonce": "outer", "scope": "x"}
    answer = browser.get("/oauth/authorize", query)
    assert answer.headers["Location"].startswith(ELSEWHERE + "?")
    back = returned(answer)
    assert back["state"] == "the-state"
    tokens = json_of(signer.redeem(back["code"], client_id="signer", redirect_uri=ELSEWHERE))
    assert jose.unverified_claims(tokens["id_token"])["nonce"] == "inner"


def test_numbers_and_objects_mean_what_their_parameters_would(browser: Browser, signer: Provider) -> None:
    value = sign(request_claims(signer, max_age=0, prompt="none"))
    assert ask(browser, value)["error"] == "login_required"
    value = sign(request_claims(signer, claims={"id_token": {"sub": {"value": "sub.somebody-else"}}}, prompt="none"))
    assert ask(browser, value)["error"] == "login_required"


def test_errors_of_the_request_inside_go_to_the_address_inside(browser: Browser, signer: Provider) -> None:
    value = sign(request_claims(signer, redirect_uri=ELSEWHERE, scope="profile"))
    answer = browser.get("/oauth/authorize", {"client_id": "signer", "request": value, "redirect_uri": CALLBACK})
    assert answer.headers["Location"].startswith(ELSEWHERE + "?")
    assert returned(answer)["error"] == "invalid_scope"


@pytest.mark.parametrize("redirect_uri", [None, "https://evil.example/"])
def test_requirement_3_a_request_object_without_a_registered_return_address_is_shown(
    browser: Browser, signer: Provider, redirect_uri: str | None
) -> None:
    value = sign(request_claims(signer, redirect_uri=redirect_uri))
    answer = browser.get("/oauth/authorize", {"client_id": "signer", "request": value, "redirect_uri": CALLBACK})
    assert (answer.status_code, "authorize_redirect_uri" in answer.text) == (400, True)
    answer = browser.get(
        "/oauth/authorize", {"client_id": "signer", "request": "broken", "redirect_uri": "https://evil.example/"}
    )
    assert (answer.status_code, "oauth_request_object_invalid" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"client_id": "scjg"},
        {"client_id": None},
        {"iss": "scjg"},
        {"sub": "signer"},
        {"exp": 1},
        {"nbf": 4102444800},
        {"request": "x"},
        {"request_uri": PUBLISHED},
        {"response_type": "token"},
        {"scope": ["openid"]},
        {"max_age": True},
        {"max_age": 1.5},
        {"state": "a\0b"},
        {"claims": []},
        {"claims": {"id_token": {"x": 1e308, "y": 10**30}}},
        {"\u6f6e": 1},
    ],
    ids=str,
)
def test_an_object_that_is_not_this_clients_for_us_and_now_is_refused(
    browser: Browser, signer: Provider, change: dict[str, Any]
) -> None:
    assert refused(browser, sign(request_claims(signer, **change)), response_type="code") == "invalid_request_object"


def test_an_object_of_another_key_or_kind_of_token_is_refused(browser: Browser, signer: Provider) -> None:
    good = sign(request_claims(signer))
    head, payload, signature = good.split(".")
    symmetric = b'{"alg":"HS256","kid":"es256"}'
    for value in (
        good[:-8] + "AAAAAAAA",
        f"{head}.{payload}.",
        f"{base64.urlsafe_b64encode(symmetric).rstrip(b'=').decode()}.{payload}.{signature}",
        sign(request_claims(signer), typ="at+jwt"),
        assertion(signer)["client_assertion"] or "",
        "x.y.z",
    ):
        assert refused(browser, value) == "invalid_request_object"


def test_an_unsigned_object_is_refused_as_discovery_says(browser: Browser, signer: Provider) -> None:
    assert refused(browser, unsigned(request_claims(signer))) == "request_not_supported"


def test_a_client_without_keys_has_no_request_objects(browser: Browser, signer: Provider) -> None:
    value = sign(request_claims(signer, "scjg"))
    back = returned(browser.get("/oauth/authorize", signer.request(request=value)))
    assert back["error"] == "invalid_request_object"


def test_an_old_object_is_refused(browser: Browser, signer: Provider) -> None:
    value = sign(request_claims(signer, exp=timestamp(signer.deps.clock.now()) - 10))
    assert refused(browser, value) == "invalid_request_object"


# By reference.


def test_an_object_is_read_from_where_the_client_registered_it(browser: Browser, signer: Provider) -> None:
    published = signer.deps.fetch
    assert isinstance(published, Published)
    published.documents[PUBLISHED] = sign(request_claims(signer)).encode() + b"\n"
    back = returned(browser.get("/oauth/authorize", {"client_id": "signer", "request_uri": PUBLISHED}))
    assert (back["state"], "code" in back) == ("the-state", True)
    assert published.asked == [PUBLISHED]


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff\xfe", b"x" * 100_000, b"<html>"], ids=["none", "empty", "octets", "much", "page"]
)
def test_whatever_else_is_there_is_an_oauth_error(browser: Browser, signer: Provider, content: bytes | None) -> None:
    published = signer.deps.fetch
    assert isinstance(published, Published)
    if content is not None:
        published.documents[PUBLISHED] = content
    query = {"client_id": "signer", "request_uri": PUBLISHED, "redirect_uri": CALLBACK}
    assert returned(browser.get("/oauth/authorize", query))["error"] in {"invalid_request_uri", "invalid_request_object"}


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        PUBLISHED + "?x=1",
        PUBLISHED + "/../2",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "urn:x",
        "x" * 5000,
    ],
)
def test_requirement_22_no_address_but_a_registered_one_is_ever_asked(browser: Browser, signer: Provider, uri: str) -> None:
    query = {"client_id": "signer", "request_uri": uri, "redirect_uri": CALLBACK}
    assert returned(browser.get("/oauth/authorize", query))["error"] == "invalid_request_uri"
    published = signer.deps.fetch
    assert isinstance(published, Published)
    assert published.asked == []


def test_an_address_is_asked_only_so_often_and_never_twice_at_once(signer: Provider) -> None:
    codes: list[str] = []
    slow = Published()

    def ask() -> str:
        with pytest.raises(Refusal) as caught:
            unpack(deps, signer.client("signer"), Parameters({"request_uri": PUBLISHED}))
        return caught.value.code

    class Slow(Published):
        """While it is asked, the same is asked of it again."""

        def get(self, url: str, **more: Any) -> Fetched:  # type: ignore[override]  # handed on as it is
            codes.append(ask())
            return slow.get(url, **more)

    deps = replace(signer.deps, fetch=Slow(), kept={})
    answers = [ask() for _ in range(FETCHES_PER_MINUTE + 1)]
    assert answers == [*["oauth_request_uri_invalid"] * FETCHES_PER_MINUTE, "oauth_request_uri_busy"]
    assert codes == ["oauth_request_uri_busy"] * FETCHES_PER_MINUTE
    assert slow.asked == [PUBLISHED] * FETCHES_PER_MINUTE


# Whatever comes.

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.dictionaries(st.sampled_from(["claims", "max_age", "state", "scope", "redirect_uri", "sub", "iss"]) | st.text(), _JSON))
def test_any_signed_contents_are_parameters_or_a_refusal(signer: Provider, contents: dict[str, Any]) -> None:
    client = signer.client("signer")
    try:
        value = sign(request_claims(signer) | contents)
    except ValueError:  # not JSON
        return
    said: Parameters | Refusal
    try:
        said = unpack(signer.deps, client, Parameters({"request": value}))
    except Refusal as refusal:
        said = refusal
    if isinstance(said, Refusal):
        assert said.code in OAUTH_NAMES
    else:
        assert all(isinstance(text, str) for text in said.values.values())
