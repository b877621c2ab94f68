"""The FAPI 2.0 Security Profile of a client: what registration insists on, one by one, and what changes at the endpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp import endpoints
from idp.clients import registry, security_profiles
from idp.clients.grant_types import DEVICE_CODE
from idp.clients.security_profiles import FAPI2, FAPI2_DEMANDS
from kernel.errors import Refusal
from tests.support.bound_client import Holder, self_signed
from tests.support.idp import CALLBACK, OPERATOR, Provider, json_of
from tests.support.signing_client import assertion, public_jwks, request_claims, sign

GOOD: dict[str, Any] = {
    "security_profile": "fapi2",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": public_jwks(),
    "require_pushed_authorization_requests": True,
    "dpop_bound_access_tokens": True,
}
WRONG: dict[str, dict[str, Any]] = {
    "token_endpoint_auth_method": {"token_endpoint_auth_method": "client_secret_basic"},
    "require_pushed_authorization_requests": {"require_pushed_authorization_requests": False},
    "dpop_bound_access_tokens": {"dpop_bound_access_tokens": False},
    "require_pkce": {"require_pkce": False},
    "redirect_uris": {"redirect_uris": (CALLBACK, "http://localhost/callback")},
    "id_token_signed_response_alg": {"userinfo_signed_response_alg": "RS256"},
    "grant_types": {"grant_types": ("authorization_code", "refresh_token", DEVICE_CODE)},
}


def test_every_demand_is_tried() -> None:
    assert [demand.field for demand in FAPI2_DEMANDS] == list(WRONG)


@pytest.mark.parametrize("field", WRONG)
def test_registration_insists_on_each_thing_that_the_profile_demands(provider: Provider, field: str) -> None:
    tokens = provider.deps.policies.tokens
    both = tokens.model_copy(update={"signing_algorithms": ("ES256", "RS256")})
    provider.deps = replace(provider.deps, policies=provider.deps.policies.model_copy(update={"tokens": both}))
    with pytest.raises(Refusal) as caught:
        provider.add_client("sensitive", **GOOD | WRONG[field])
    assert (caught.value.code, caught.value.field) == ("client_unsuitable", field)
    assert "fapi2" in caught.value.text.zh
    ordinary = GOOD | WRONG[field] | {"security_profile": None}
    provider.add_client("ordinary", **ordinary)


def test_a_public_client_and_an_unknown_profile_are_refused(provider: Provider) -> None:
    for changes, field in (
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"security_profile": "fapi1"}, "security_profile"),
    ):
        with pytest.raises(Refusal) as caught:
            provider.add_client("sensitive", **GOOD | changes)
        assert caught.value.field == field


def test_a_certificate_may_stand_for_dpop_and_for_the_assertion(provider: Provider) -> None:
    _, jwks = self_signed(provider.deps)
    tls = {"token_endpoint_auth_method": "self_signed_tls_client_auth", "tls_client_certificate_bound_access_tokens": True}
    provider.add_client("tls", **GOOD | tls | {"jwks": jwks, "dpop_bound_access_tokens": False})
    assert security_profiles.profile_of(provider.client("tls")) is FAPI2


# At the endpoints.


@pytest.fixture
def sensitive(provider: Provider) -> Provider:
    provider.add_client("sensitive", **GOOD)
    provider.add_client("ordinary", token_endpoint_auth_method="private_key_jwt", jwks=public_jwks())
    return provider


@pytest.mark.parametrize(
    ("changes", "alg"),
    [
        ({"aud": ["http://localhost:8100"]}, "ES256"),
        ({"aud": f"http://localhost:8100{endpoints.PUSHED_REQUEST}"}, "ES256"),
        ({}, "RS256"),
    ],
    ids=["a list", "the endpoint", "RS256"],
)
def test_its_assertions_are_signed_by_es256_for_the_issuer_alone(sensitive: Provider, changes: dict[str, Any], alg: str) -> None:
    for client_id, status in (("sensitive", 401), ("ordinary", 201)):
        now = int(sensitive.deps.clock.now().timestamp())
        claims = {"iss": client_id, "sub": client_id, "aud": sensitive.deps.issuer, "exp": now + 60, "jti": alg} | changes
        form: dict[str, str | None] = assertion(sensitive, client_id) | sensitive.request(client_id=client_id)
        form["client_assertion"] = sign(claims, alg=alg, typ="JWT")
        assert sensitive.post(endpoints.PUSHED_REQUEST, form, authorization=None).status == status


def test_its_request_objects_are_signed_by_es256(sensitive: Provider) -> None:
    for alg, status in (("ES256", 201), ("RS256", 400)):
        form = assertion(sensitive, "sensitive") | {"request": sign(request_claims(sensitive, "sensitive"), alg=alg)}
        form["client_id"] = "sensitive"
        answer = sensitive.post(endpoints.PUSHED_REQUEST, form, authorization=None)
        assert answer.status == status, json_of(answer)


def test_a_refresh_token_that_was_exchanged_before_the_profile_held_is_worth_nothing_again(provider: Provider) -> None:
    keys = {"token_endpoint_auth_method": "private_key_jwt", "jwks": public_jwks()}
    provider.add_client("moved", **keys)
    browser = provider.browser()
    browser.log_in()
    code = {"code": browser.authorize(client_id="moved")["code"], "redirect_uri": CALLBACK, "code_verifier": provider.verifier}

    def ask(grant_type: str, form: dict[str, Any], jti: str, dpop: str | None = None) -> dict[str, Any]:
        form = {"grant_type": grant_type, **form, **assertion(provider, "moved", jti=jti)}
        return json_of(provider.post(endpoints.TOKEN, form, authorization=None, dpop=dpop))

    first = ask("authorization_code", code, "1")["refresh_token"]
    second = ask("refresh_token", {"refresh_token": first}, "2")["refresh_token"]
    registry.update(provider.deps, replace(provider.client("moved"), **GOOD), actor=OPERATOR)
    holder = Holder(provider.deps)
    for jti, shown in (("3", first), ("4", second)):  # and the replay ends the family
        assert ask("refresh_token", {"refresh_token": shown}, jti, holder.proof())["error"] == "invalid_grant"
