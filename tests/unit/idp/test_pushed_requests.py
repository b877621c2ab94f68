"""Pushed authorization requests: checked when they are pushed, good once, for a short time, for one client."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import endpoints, housekeeping
from idp.clients import registry
from idp.dispatch import ENDPOINTS
from idp.hashes import digest
from idp.ports import IdpDeps
from idp.records import PushedRequest
from idp.wire import OAuthRequest, Parameters
from kernel.clock import FixedClock
from tests.support.idp import CALLBACK, OPERATOR, Browser, Provider, another_process, events, json_of, returned
from tests.support.relying_party import forms
from tests.support.signing_client import assertion, public_jwks, request_claims, sign


@pytest.fixture
def browser(provider: Provider) -> Browser:
    made = provider.browser()
    made.log_in()
    return made


def push(provider: Provider, client_id: str = "scjg", **changes: str | None) -> str:
    answer = provider.post(endpoints.PUSHED_REQUEST, dict(provider.request(client_id=client_id, **changes)), client_id=client_id)
    assert answer.status == 201, answer.body
    document = json_of(answer)
    assert document.keys() == {"request_uri", "expires_in"}
    assert document["expires_in"] == provider.deps.policies.tokens.pushed_request_seconds
    return str(document["request_uri"])


def error_of(provider: Provider, client_id: str = "scjg", **changes: str | None) -> str:
    answer = provider.post(endpoints.PUSHED_REQUEST, dict(provider.request(client_id=client_id, **changes)), client_id=client_id)
    assert answer.status == 400, answer.body
    return str(json_of(answer)["error"])


def begin(browser: Browser, request_uri: str, client_id: str = "scjg", **more: str) -> dict[str, str]:
    return returned(browser.get("/oauth/authorize", {"client_id": client_id, "request_uri": request_uri, **more}))


def test_a_pushed_request_is_carried_out_as_it_was_pushed(browser: Browser, provider: Provider, sqlite: sa.Engine) -> None:
    request_uri = push(provider)
    assert request_uri.startswith("urn:ietf:params:oauth:request_uri:")
    back = begin(browser, request_uri, scope="openid phone", state="another")
    assert (back["state"], back["iss"]) == ("the-state", provider.deps.issuer)
    tokens = json_of(provider.redeem(back["code"]))
    assert tokens["scope"] == "openid profile"
    assert [event["actor"] for event in events(sqlite, "idp.push_request")] == ["client:scjg"]


def test_who_must_log_in_first_comes_back_to_the_same_request(provider: Provider) -> None:
    stranger = provider.browser()
    page = stranger.get("/oauth/authorize", {"client_id": "scjg", "request_uri": push(provider)})
    assert "code" in returned(stranger.type_password(page))


def test_requirement_15_a_reference_is_good_once(browser: Browser, provider: Provider) -> None:
    request_uri = push(provider)
    assert "code" in begin(browser, request_uri)
    assert begin(browser, request_uri, redirect_uri=CALLBACK)["error"] == "invalid_request_uri"


def test_requirement_15_a_reference_is_short_lived(browser: Browser, provider: Provider, clock: FixedClock) -> None:
    request_uri = push(provider)
    clock.advance(timedelta(seconds=provider.deps.policies.tokens.pushed_request_seconds))
    assert begin(browser, request_uri, redirect_uri=CALLBACK)["error"] == "invalid_request_uri"


def test_requirement_15_a_reference_is_its_clients_alone_and_nobody_else_uses_it_up(browser: Browser, provider: Provider) -> None:
    provider.add_client("rsj")
    request_uri = push(provider)
    assert begin(browser, request_uri, "rsj", redirect_uri=CALLBACK)["error"] == "invalid_request_uri"
    assert "code" in begin(browser, request_uri)


def test_a_reference_that_is_over_is_shown_where_no_address_is_known(browser: Browser) -> None:
    query = {"client_id": "scjg", "request_uri": "urn:ietf:params:oauth:request_uri:unknown"}
    for more in ({}, {"redirect_uri": "https://evil.example/"}):
        answer = browser.client.get("/oauth/authorize", query_string=query | more)
        assert (answer.status_code, "oauth_request_uri_over" in answer.text) == (400, True)


def test_requirement_15_a_reference_used_by_many_at_once_is_used_once(deps: IdpDeps, clock: FixedClock) -> None:
    now = clock.now()
    pushed = PushedRequest(digest("u"), "scjg", {"version": 2}, now, now + timedelta(seconds=90))
    with deps.work.begin() as work:
        work.records.add_pushed_request(pushed)
        assert work.records.find_pushed_request(digest("u"), "scjg", now) == pushed

    def use(_: int) -> bool:
        with another_process(deps).work.begin() as work:
            return work.records.use_pushed_request(digest("u"))

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(use, range(10))).count(True) == 1


def test_requirement_15_a_page_that_is_loaded_again_uses_nothing_up_and_one_answer_all(provider: Provider) -> None:
    stranger, query = provider.browser(), {"client_id": "scjg", "request_uri": push(provider)}
    first, second, third = (stranger.get("/oauth/authorize", query) for _ in range(3))
    assert "code" in returned(stranger.type_password(second))
    late = returned(stranger.type_password(first))
    assert (late["error"], late["state"], late["iss"]) == ("invalid_request_uri", "the-state", provider.deps.issuer)
    assert "code" not in late
    assert returned(stranger.type_password(third))["error"] == "invalid_request_uri"
    assert stranger.get("/oauth/authorize", query).status_code == 400


def test_requirement_15_who_turns_back_has_used_the_reference_up(provider: Provider) -> None:
    stranger, query = provider.browser(), {"client_id": "scjg", "request_uri": push(provider)}
    page = stranger.get("/oauth/authorize", query)
    cancel = next(form for form in forms(page.text) if form.action.startswith("/login/cancel"))
    assert returned(stranger.send(cancel))["error"] == "access_denied"
    assert stranger.get("/oauth/authorize", query).status_code == 400


def test_who_takes_longer_to_log_in_than_the_reference_lives_comes_through(provider: Provider, clock: FixedClock) -> None:
    stranger = provider.browser()
    page = stranger.get("/oauth/authorize", {"client_id": "scjg", "request_uri": push(provider)})
    clock.advance(timedelta(seconds=provider.deps.policies.tokens.login_transaction_seconds - 1))
    housekeeping.clean_up(provider.deps)
    assert "code" in returned(stranger.type_password(page))


def test_what_nobody_came_for_is_removed(deps: IdpDeps, clock: FixedClock, engine: sa.Engine) -> None:
    with deps.work.begin() as work:
        work.records.add_pushed_request(PushedRequest(digest("u"), "scjg", {}, clock.now(), clock.now() + timedelta(seconds=90)))
    clock.advance(timedelta(seconds=91 + deps.policies.tokens.login_transaction_seconds))
    housekeeping.clean_up(deps)
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from idp_pushed_requests")).scalar() == 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "x"}, "invalid_request_object"),
        ({"nonce": "n" * 2000}, "invalid_request"),
    ],
    ids=str,
)
def test_everything_is_checked_when_it_is_pushed(provider: Provider, change: dict[str, str | None], error: str) -> None:
    assert error_of(provider, **change) == error


def test_only_who_proves_to_be_the_client_pushes(provider: Provider) -> None:
    handle = ENDPOINTS[endpoints.PUSHED_REQUEST]
    good = provider.request()
    wrong = provider.post(endpoints.PUSHED_REQUEST, dict(good), authorization="Basic eDp5")
    assert (wrong.status, json_of(wrong)["error"]) == (401, "invalid_client")
    other = provider.post(endpoints.PUSHED_REQUEST, dict(good) | {"client_id": "rsj"})
    assert other.status == 401
    assert handle(provider.deps, OAuthRequest("GET")).status == 405
    in_query = OAuthRequest("POST", Parameters({"scope": "openid"}), Parameters(good))
    assert json_of(handle(provider.deps, in_query))["code"] == "oauth_parameter_in_query"
    doubled = OAuthRequest("POST", form=Parameters(good, frozenset({"scope"})))
    assert json_of(handle(provider.deps, doubled))["code"] == "oauth_parameter_doubled"


def test_a_client_that_never_sends_browsers_pushes_nothing(provider: Provider) -> None:
    provider.add_client("machine", grant_types=("client_credentials",), redirect_uris=(), scope="openid identity")
    assert error_of(provider, "machine") == "unauthorized_client"


def test_a_client_disabled_since_gets_nothing(browser: Browser, provider: Provider) -> None:
    request_uri = push(provider)
    registry.disable(provider.deps, "scjg", actor=OPERATOR)
    answer = browser.client.get("/oauth/authorize", query_string={"client_id": "scjg", "request_uri": request_uri})
    assert (answer.status_code, "authorize_client" in answer.text) == (400, True)


def test_a_client_registered_to_push_is_served_in_no_other_way(browser: Browser, provider: Provider) -> None:
    provider.add_client("pusher", require_pushed_authorization_requests=True, jwks=public_jwks())
    assert browser.authorize(client_id="pusher")["error"] == "invalid_request"
    signed = {"client_id": "pusher", "request": sign(request_claims(provider, "pusher"))}
    assert returned(browser.get("/oauth/authorize", signed))["error"] == "invalid_request"
    assert "code" in begin(browser, push(provider, "pusher"), "pusher")


@pytest.fixture
def signer(provider: Provider) -> Callable[[dict[str, str | None]], str]:
    provider.add_client("signer", token_endpoint_auth_method="private_key_jwt", jwks=public_jwks())

    def send(form: dict[str, str | None]) -> str:
        answer = provider.post(endpoints.PUSHED_REQUEST, form | assertion(provider), client_id="signer", authorization=None)
        assert answer.status == 201, answer.body
        return str(json_of(answer)["request_uri"])

    return send


def test_a_signed_request_may_be_pushed_too(
    browser: Browser, provider: Provider, signer: Callable[[dict[str, str | None]], str]
) -> None:
    request_uri = signer({"request": sign(request_claims(provider)), "client_id": "signer"})
    assert "code" in begin(browser, request_uri, "signer")


def test_only_the_hash_of_a_reference_is_stored(provider: Provider, sqlite: sa.Engine) -> None:
    request_uri = push(provider)
    with sqlite.connect() as connection:
        dump = "\n".join(connection.connection.iterdump())  # type: ignore[attr-defined]
    assert request_uri.rpartition(":")[2] not in dump
