"""The modules of the FAPI 2.0 Security Profile plan about authorization requests and pushed ones, by the official suite's names.

What each demands is in its docstring. They run in the variant in which all of them apply.
"""

from __future__ import annotations

import pytest

from idp import endpoints
from idp.dispatch import ENDPOINTS
from idp.wire import OAuthRequest
from kernel.randomness import token
from pki import jose
from tests.conformance.oidf.fapi import OTHER_CALLBACK, Fapi, error, only
from tests.conformance.oidf.suite import CALLBACK
from tests.support.bound_client import Holder
from tests.support.idp import json_of
from tests.support.relying_party import forms

pytestmark = only("private_key_jwt", "dpop")
FAILS = {"invalid_request", "unsupported_response_type"}


def test_discovery_end_point_verification(fapi: Fapi) -> None:
    """5.2.2, 5.3.2, 5.4: what the profile needs is said to be there; an algorithm that it allows is offered everywhere."""
    document = json_of(ENDPOINTS[endpoints.DISCOVERY](fapi.provider.deps, OAuthRequest("GET")))
    for name in ("id_token", "userinfo", "token_endpoint_auth", "dpop"):
        assert "ES256" in document[f"{name}_signing_alg_values_supported"]
    assert {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"} <= set(
        document["token_endpoint_auth_methods_supported"]
    )
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["pushed_authorization_request_endpoint"].startswith("https://")
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert document["authorization_response_iss_parameter_supported"] is True


def test_user_rejects_authentication(fapi: Fapi) -> None:
    """Core 3.1.2.6: who turns back is access_denied, with the state of 128 characters and what is registered in the address."""
    for client_id, more in (("client", {}), ("client2", {"dummy1": "lorem", "dummy2": "ipsum"})):
        stranger, state = fapi.provider.browser(), token(96)
        request_uri = fapi.reference(client_id, state=state)
        page = stranger.get(endpoints.AUTHORIZE, {"client_id": client_id, "request_uri": request_uri})
        cancel = next(form for form in forms(page.text) if form.action.startswith("/login/cancel"))
        back = fapi.returned(stranger.send(cancel))
        assert back.pop("error_description")
        assert back == {"error": "access_denied", "state": state, "iss": fapi.provider.deps.issuer, **more}


def test_ensure_authorization_request_without_state_success(fapi: Fapi) -> None:
    """5.3.2.2: state is not needed, and then not returned."""
    assert fapi.follow(fapi.reference(state=None)).keys() == {"code", "iss"}


def _id_token(fapi: Fapi, **changes: str | None) -> dict[str, object]:
    answer = json_of(fapi.redeem(fapi.code(**changes)))
    return dict(jose.unverified_claims(answer["id_token"]))


def test_ensure_authorization_request_without_nonce_success(fapi: Fapi) -> None:
    """Core 3.1.2.1: nor is nonce."""
    assert "nonce" not in _id_token(fapi, nonce=None)


def test_ensure_authorization_request_with_64_char_nonce_success(fapi: Fapi) -> None:
    """5.3.2.2, 14: a nonce of 64 characters is taken and returned."""
    nonce = token(48)
    assert (len(nonce), _id_token(fapi, nonce=nonce)["nonce"]) == (64, nonce)


def test_ensure_authorization_request_with_long_nonce(fapi: Fapi) -> None:
    """One of 384 characters is returned as it is, or refused."""
    nonce = token(288)
    assert _id_token(fapi, nonce=nonce)["nonce"] == nonce


def test_ensure_authorization_request_with_long_state(fapi: Fapi) -> None:
    """A state of 1,000 characters is returned as it is, or refused."""
    state = token(750)
    assert fapi.follow(fapi.reference(state=state))["state"] == state


def test_ensure_other_scope_order_succeeds(fapi: Fapi) -> None:
    """RFC 6749 3.3: the order of scopes does not matter."""
    assert "code" in fapi.follow(fapi.reference(scope="offline_access openid"))


def test_test_claims_parameter_identity_claims(fapi: Fapi) -> None:
    """Core 5.5: claims asked for by name are told in the ID token and at userinfo; such as nobody knows are ignored."""
    asked = '{"name":null,"phone_number":{"essential":true},"x-random":{"value":"x"}}'
    answer = json_of(fapi.redeem(fapi.code(claims=f'{{"id_token":{asked},"userinfo":{asked}}}')))
    told = jose.unverified_claims(answer["id_token"])
    person = json_of(fapi.held_resource(answer["access_token"]))
    for claims in (told, person):
        assert (claims["name"], claims["phone_number"]) == ("陈晓潮", "+86 138 0000 0001")
        assert "x-random" not in claims
    assert person["sub"] == told["sub"]


def test_ensure_different_nonce_inside_and_outside_request_object(fapi: Fapi) -> None:
    """RFC 9101 6.3: only what was pushed counts."""
    request = fapi.request()
    request_uri = fapi.reference(nonce=request["nonce"])
    code = fapi.returned(fapi.browser.agree(fapi.visit(request_uri, nonce="another")))["code"]
    assert jose.unverified_claims(json_of(fapi.redeem(code))["id_token"])["nonce"] == request["nonce"]


def test_ensure_different_state_inside_and_outside_request_object(fapi: Fapi) -> None:
    """The same of state."""
    state = token(10)
    assert fapi.returned(fapi.browser.agree(fapi.visit(fapi.reference(state=state), state="another")))["state"] == state


def test_state_only_outside_request_object_not_used(fapi: Fapi) -> None:
    """And a state that was not pushed is not returned."""
    assert "state" not in fapi.returned(fapi.browser.agree(fapi.visit(fapi.reference(state=None), state="another")))


def test_ensure_request_object_without_redirect_uri_fails(fapi: Fapi) -> None:
    """5.3.2.2, 6: redirect_uri is pushed; one that stands beside the reference counts for nothing."""
    assert error(fapi.push(redirect_uri=None)) == "invalid_request"


def test_ensure_redirect_uri_in_authorization_request(fapi: Fapi) -> None:
    """5.3.2.2, 6: the same without any."""
    assert error(fapi.push("client2", redirect_uri=None)) == "invalid_request"


def test_plain_fapi_tolerate_unregistered_redirect_uri(fapi: Fapi) -> None:
    """RFC 9126 2.4 lets a provider take an address that is not registered; this one refuses it."""
    assert error(fapi.push(redirect_uri=f"{CALLBACK}/{token(8)}")) == "invalid_request"


def test_ensure_unsigned_authorization_request_without_using_par_fails(fapi: Fapi) -> None:
    """5.3.2.2, 3: a request that was not pushed is refused, with its state."""
    request = fapi.request()
    back = fapi.returned(fapi.browser.get(endpoints.AUTHORIZE, request))
    assert (back["error"], back["state"], "code" in back) == ("invalid_request", request["state"], False)


@pytest.mark.parametrize("response_type", ["code id_token", "token"])
def test_ensure_response_type_code_idtoken_fails_and_response_type_token(fapi: Fapi, response_type: str) -> None:
    """5.3.2.2, 1: nothing but a code goes through the browser."""
    assert error(fapi.push(response_type=response_type)) in FAILS


def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(fapi: Fapi) -> None:
    """5.3.2.2, note 3: a reference is used up at the point of authorization, not by the page that is loaded."""
    stranger, request_uri = fapi.provider.browser(), fapi.reference()
    for _ in range(2):
        page = stranger.get(endpoints.AUTHORIZE, {"client_id": "client", "request_uri": request_uri})
        assert "current-password" in page.text
    code = fapi.returned(stranger.agree(stranger.follow(stranger.type_password(page))))["code"]
    assert fapi.redeem(code).status == 200
    assert fapi.visit(request_uri).status_code == 400


def test_par_authorization_request_containing_request_uri_form_param(fapi: Fapi) -> None:
    """RFC 9126 2.1: a pushed request does not refer to another."""
    assert error(fapi.push(request_uri="urn:ietf:params:oauth:request_uri:x")) == "invalid_request"


def test_par_attempt_invalid_http_method(fapi: Fapi) -> None:
    """RFC 9126 2.3: anything but POST is 405."""
    for method in ("PUT", "GET"):
        assert ENDPOINTS[endpoints.PUSHED_REQUEST](fapi.provider.deps, OAuthRequest(method)).status == 405


def test_par_without_duplicate_parameters(fapi: Fapi) -> None:
    """RFC 9126 4: the browser brings client_id and the reference, and nothing else is needed."""
    assert "code" in fapi.follow(fapi.reference("client2"), "client2")


def test_ensure_mismatched_dpop_jkt_fails(fapi: Fapi) -> None:
    """RFC 9449 10.1: a dpop_jkt that is not of the proof's key is refused where the request is pushed."""
    proof = fapi.holder.proof(endpoints.PUSHED_REQUEST)
    assert error(fapi.push(proof=proof, dpop_jkt=Holder(fapi.provider.deps).jkt)) in {"invalid_request", "invalid_dpop_proof"}


def test_ensure_dpopproof_at_par_endpoint_binding_success(fapi: Fapi) -> None:
    """RFC 9449 10.1: a proof with the pushed request binds the code to its key."""
    code = fapi.code(proof=fapi.holder.proof(endpoints.PUSHED_REQUEST))
    assert fapi.redeem(code).status == 200


def test_ensure_dpop_auth_code_binding_success(fapi: Fapi) -> None:
    """RFC 9449 10: so does dpop_jkt."""
    assert fapi.redeem(fapi.code(dpop_jkt=fapi.holder.jkt)).status == 200


def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(fapi: Fapi) -> None:
    """RFC 9449 10: a code that is bound to a key is worth nothing by another."""
    code = fapi.code(dpop_jkt=Holder(fapi.provider.deps).jkt)
    assert error(fapi.redeem(code)) in {"invalid_request", "invalid_grant", "invalid_dpop_proof"}


def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(fapi: Fapi) -> None:
    """RFC 9449 10.1: the same where a proof bound it."""
    code = fapi.code(proof=fapi.holder.proof(endpoints.PUSHED_REQUEST))
    other = Holder(fapi.provider.deps).proof()
    assert error(fapi.redeem(code, proof=other)) in {"invalid_request", "invalid_grant", "invalid_dpop_proof"}


def test_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(fapi: Fapi) -> None:
    """5.3.2.1, 13: clocks may differ by 10 seconds."""
    now = int(fapi.clock.now().timestamp())
    answer = fapi.post(endpoints.PUSHED_REQUEST, dict(fapi.request()), "client", claims={"iat": now + 8, "nbf": now + 8})
    assert answer.status == 201


def test_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(fapi: Fapi) -> None:
    """5.3.2.1, 14: and not by more than 60."""
    soon = int(fapi.clock.now().timestamp()) + 65
    claims = {"iat": soon, "nbf": soon, "exp": soon + 60}
    answer = fapi.post(endpoints.PUSHED_REQUEST, dict(fapi.request()), "client", claims=claims)
    assert error(answer, 401) == "invalid_client"


def test_par_test_array_and_par_endpoint_url_and_token_endpoint_url_as_audience_fails(fapi: Fapi) -> None:
    """5.3.2.1, 8: the audience of an assertion is the issuer alone, as a text."""
    issuer = fapi.provider.deps.issuer
    for audience in ([issuer], [issuer, "https://other.example"], issuer + endpoints.PUSHED_REQUEST, issuer + endpoints.TOKEN):
        answer = fapi.post(endpoints.PUSHED_REQUEST, dict(fapi.request()), "client", claims={"aud": audience})
        assert error(answer, 401) == "invalid_client", audience


def test_ensure_registered_redirect_uri_of_another_client(fapi: Fapi) -> None:
    """5.3.2.2, 6: another client's address is not its own."""
    assert error(fapi.push(redirect_uri=OTHER_CALLBACK)) == "invalid_request"
