"""DPoP (RFC 9449) where tokens are shown, its nonces, and pages in browsers that use it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idp import dispatch, endpoints
from idp.ports import IdpDeps
from idp.wire import OAuthRequest, OAuthResponse
from kernel.clock import FixedClock
from tests.support.bound_client import LEFT_OUT, Holder
from tests.support.idp import Provider, another_process, json_of

FORM: dict[str, str | None] = {"grant_type": "client_credentials"}


def ask(provider: Provider, proof: str | None) -> OAuthResponse:
    return provider.post(endpoints.TOKEN, FORM, client_id="machine", dpop=proof)


def show(provider: Provider, access_token: str, proof: str | None, scheme: str = "DPoP") -> OAuthResponse:
    request = OAuthRequest("GET", authorization=f"{scheme} {access_token}", dpop=proof)
    return dispatch.ENDPOINTS[endpoints.USERINFO](provider.deps, request)


def with_nonces(deps: IdpDeps) -> IdpDeps:
    tokens = deps.policies.tokens.model_copy(update={"dpop_nonce_required": True})
    return replace(deps, policies=deps.policies.model_copy(update={"tokens": tokens}))


# At a resource.


@pytest.fixture
def bound(provider: Provider) -> tuple[Provider, Holder, str]:
    """A citizen's token that is bound to a key."""
    holder = Holder(provider.deps)
    back = provider.browser().authorize(username="chenxiaochao")
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": back["code"],
        "redirect_uri": "https://scjg.example.cn/callback",
        "code_verifier": provider.verifier,
    }
    answer = provider.post(endpoints.TOKEN, form, dpop=holder.proof())
    return provider, holder, str(json_of(answer)["access_token"])


def at_userinfo(holder: Holder, access_token: str, **changes: Any) -> str:
    return holder.proof(endpoints.USERINFO, method="GET", access_token=access_token, **changes)


def test_a_bound_token_is_good_with_a_proof_each_time(bound: tuple[Provider, Holder, str]) -> None:
    provider, holder, access_token = bound
    for _ in range(2):
        assert show(provider, access_token, at_userinfo(holder, access_token)).status == 200


def test_a_bound_token_shown_otherwise_is_refused_with_the_challenge_of_dpop(bound: tuple[Provider, Holder, str]) -> None:
    provider, holder, access_token = bound
    proof = at_userinfo(holder, access_token)
    assert show(provider, access_token, proof).status == 200
    thief = Holder(provider.deps)
    for wrong, error in (
        (show(provider, access_token, None, "Bearer"), "invalid_token"),
        (show(provider, access_token, at_userinfo(holder, access_token), "Bearer"), "invalid_token"),
        (show(provider, access_token, None), "invalid_dpop_proof"),
        (show(provider, access_token, proof), "invalid_dpop_proof"),
        (show(provider, access_token, at_userinfo(thief, access_token)), "invalid_dpop_proof"),
        (show(provider, access_token, at_userinfo(holder, access_token, ath=LEFT_OUT)), "invalid_dpop_proof"),
        (show(provider, access_token, at_userinfo(holder, "another")), "invalid_dpop_proof"),
        (show(provider, access_token, holder.proof(access_token=access_token)), "invalid_dpop_proof"),
    ):
        challenge = dict(wrong.headers)["WWW-Authenticate"]
        assert (wrong.status, json_of(wrong)["error"]) == (401, error)
        assert challenge.startswith('DPoP realm="chaoxin", algs="ES256 RS256", error=')
        assert f'error="{error}"' in challenge


def test_a_bearer_token_is_not_taken_for_a_bound_one(provider: Provider) -> None:
    access_token = provider.browser().tokens(username="chenxiaochao")["access_token"]
    holder = Holder(provider.deps)
    answer = show(provider, access_token, at_userinfo(holder, access_token))
    assert (answer.status, json_of(answer)["code"]) == (401, "oauth_token_scheme")


def test_introspection_shows_the_key_and_how_the_token_is_to_be_shown(bound: tuple[Provider, Holder, str]) -> None:
    provider, holder, access_token = bound
    shown = json_of(provider.post(endpoints.INTROSPECT, {"token": access_token}))
    assert (shown["token_type"], shown["cnf"]) == ("DPoP", {"jkt": holder.jkt})


# Nonces.


def test_where_policies_demand_nonces_a_client_is_told_the_one_to_use(machine: Provider, holder: Holder) -> None:
    machine.deps = with_nonces(machine.deps)
    asked = ask(machine, holder.proof())
    assert (asked.status, json_of(asked)["error"]) == (400, "use_dpop_nonce")
    nonce = dict(asked.headers)["DPoP-Nonce"]
    good = ask(machine, holder.proof(nonce=nonce))
    assert good.status == 200
    assert dict(good.headers)["DPoP-Nonce"] == nonce, "the next one comes with each answer"
    for wrong in ("x", "", 1, LEFT_OUT):
        assert json_of(ask(machine, holder.proof(nonce=wrong)))["error"] == "use_dpop_nonce"
    assert "DPoP-Nonce" not in dict(ask(machine, None).headers)


def test_a_nonce_outlives_the_change_of_the_window_once(machine: Provider, holder: Holder, clock: FixedClock) -> None:
    machine.deps = with_nonces(machine.deps)
    seconds = machine.deps.policies.tokens.dpop_nonce_seconds
    nonce = dict(ask(machine, holder.proof()).headers)["DPoP-Nonce"]
    clock.advance(timedelta(seconds=seconds))
    machine.deps = another_process(machine.deps)
    assert ask(machine, holder.proof(nonce=nonce)).status == 200
    clock.advance(timedelta(seconds=seconds))
    over = ask(machine, holder.proof(nonce=nonce))
    assert json_of(over)["error"] == "use_dpop_nonce"
    assert dict(over.headers)["DPoP-Nonce"] != nonce


def test_a_resource_and_par_demand_nonces_too(bound: tuple[Provider, Holder, str]) -> None:
    provider, holder, access_token = bound
    provider.deps = with_nonces(provider.deps)
    asked = show(provider, access_token, at_userinfo(holder, access_token))
    assert (asked.status, json_of(asked)["error"]) == (401, "use_dpop_nonce")
    headers = dict(asked.headers)
    assert 'error="use_dpop_nonce"' in headers["WWW-Authenticate"]
    assert show(provider, access_token, at_userinfo(holder, access_token, nonce=headers["DPoP-Nonce"])).status == 200
    pushed = provider.post(endpoints.PUSHED_REQUEST, dict(provider.request()), dpop=holder.proof(endpoints.PUSHED_REQUEST))
    assert (pushed.status, json_of(pushed)["error"]) == (400, "use_dpop_nonce")
    assert dict(pushed.headers)["DPoP-Nonce"] == headers["DPoP-Nonce"]


# From a browser.


def test_pages_may_send_proofs_and_read_nonces(provider: Provider) -> None:
    provider.add_client("spa", token_endpoint_auth_method="none", origins=("https://spa.example.cn",))
    answer = dispatch.answer(
        provider.deps, endpoints.TOKEN, {"REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": "https://spa.example.cn"}
    )
    headers = dict(answer.headers)
    assert "DPoP" in headers["Access-Control-Allow-Headers"].split(", ")
    assert "DPoP-Nonce" in headers["Access-Control-Expose-Headers"].split(", ")


def test_the_header_of_a_real_request_is_read(machine: Provider, holder: Holder) -> None:
    environ = {"REQUEST_METHOD": "POST", "HTTP_DPOP": holder.proof(), "CONTENT_LENGTH": "0"}
    answer = dispatch.answer(machine.deps, endpoints.TOKEN, environ)
    assert json_of(answer)["error"] == "invalid_client", "read, and nothing more is proven by it"
