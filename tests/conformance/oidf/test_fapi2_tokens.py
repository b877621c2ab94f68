"""The modules of the FAPI 2.0 Security Profile plan about the token endpoint and resources, by the official suite's names.

What each demands is in its docstring. A module in which neither variant matters runs in one of the four.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp import endpoints
from idp.dispatch import ENDPOINTS
from idp.wire import OAuthRequest
from pki import jose
from tests.conformance.oidf.fapi import Fapi, error, only
from tests.conformance.oidf.suite import CALLBACK
from tests.support.bound_client import Holder
from tests.support.idp import json_of
from tests.support.signing_client import ASSERTION_TYPE, assertion, sign


def _form(fapi: Fapi) -> dict[str, str | None]:
    return {
        "grant_type": "authorization_code",
        "code": fapi.code(),
        "redirect_uri": CALLBACK,
        "code_verifier": fapi.verifier,
    }


@only(sender_constrain="dpop")
def test_access_token_type_header_case_sensitivity(fapi: Fapi) -> None:
    """RFC 9110 11.1: the scheme is compared without regard to case."""
    access_token = json_of(fapi.redeem(fapi.code()))["access_token"]
    for scheme in ("dpop", "DPOP", "dPoP"):
        assert fapi.resource(access_token, fapi.proof(access_token), scheme).status == 200


@only(sender_constrain="mtls")
def test_access_token_type_header_case_sensitivity_of_bearer(fapi: Fapi) -> None:
    """The same of Bearer."""
    access_token = json_of(fapi.redeem(fapi.code()))["access_token"]
    certificate = fapi.certificates["client"]
    for scheme in ("bearer", "BEARER", "bEaReR"):
        request = OAuthRequest("GET", authorization=f"{scheme} {access_token}", certificate=certificate)
        assert ENDPOINTS[endpoints.USERINFO](fapi.provider.deps, request).status == 200


@only(sender_constrain="dpop")
def test_check_dpop_proof_nbf_exp(fapi: Fapi) -> None:
    """RFC 9449 4.2: a proof may say nbf and exp besides."""
    now = int(fapi.clock.now().timestamp())
    answer = fapi.redeem(fapi.code(), proof=fapi.holder.proof(nbf=now, exp=now + 300))
    access_token = json_of(answer)["access_token"]
    assert fapi.resource(access_token, fapi.proof(access_token, nbf=now, exp=now + 300)).status == 200


@only(sender_constrain="dpop")
@pytest.mark.parametrize("seconds", [-10, 10])
def test_ensure_dpopproof_with_iat_10seconds_before_and_after_succeeds(fapi: Fapi, seconds: int) -> None:
    """5.3.2.1, 13: clocks may differ by 10 seconds."""
    iat = int(fapi.clock.now().timestamp()) + seconds
    assert fapi.redeem(fapi.code(), proof=fapi.holder.proof(iat=iat)).status == 200


def test_ensure_client_id_in_token_endpoint(fapi: Fapi) -> None:
    """RFC 6749 5.2: the other client's client_id with this one's certificate, or in an assertion that this one signed."""
    named: dict[str, str | None] = {"client_id": "client2"}
    if fapi.client_auth_type == "private_key_jwt":  # its own assertion says who it is
        named |= assertion(fapi.provider, "client")
    answer = fapi.provider.post(
        endpoints.TOKEN,
        _form(fapi) | named,
        authorization=None,
        dpop=fapi.fresh_proof(),
        certificate=fapi.certificates.get("client"),
    )
    assert error(answer, 401) == "invalid_client"


@only("private_key_jwt", "dpop")
def test_attempt_reuse_authorization_code_after_one_second(fapi: Fapi) -> None:
    """RFC 6749 4.1.2: a code used again is invalid_grant, and what it gave is worth nothing."""
    code = fapi.code()
    access_token = json_of(fapi.redeem(code))["access_token"]
    with fapi.later(seconds=1):
        assert error(fapi.redeem(code)) == "invalid_grant"
        assert fapi.held_resource(access_token).status == 401


@only("private_key_jwt", "dpop")
def test_ensure_token_endpoint_fails_with_expired_auth_code(fapi: Fapi) -> None:
    """5.3.2.1, 11: a code of 62 seconds is invalid_grant."""
    code = fapi.code()
    with fapi.later(seconds=62):
        assert error(fapi.redeem(code)) == "invalid_grant"


@only("private_key_jwt", "dpop")
@pytest.mark.parametrize("verifier", [None, "w" * 43])
def test_ensure_pkce_code_verifier_required_and_incorrect_pkce_code_verifier_rejected(fapi: Fapi, verifier: str | None) -> None:
    """RFC 7636 4.6: without the verifier, or with another, the code is invalid_grant."""
    assert error(fapi.redeem(fapi.code(), code_verifier=verifier)) == "invalid_grant"


@only("private_key_jwt", "dpop")
@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": -300},
        {"aud": "https://other.example"},
        {"aud": None},
        {"sub": None},
        {"sub": "client2"},
        {"jti": None},
        {"exp": None},
        {"iss": "client2"},
    ],
    ids=str,
)
def test_ensure_client_assertion_with_exp_is_5_minutes_in_past_and_wrong_aud_and_no_sub_fails(
    fapi: Fapi, wrong: dict[str, object]
) -> None:
    """RFC 7523 3: who says so is not believed."""
    if wrong.get("exp") is not None:
        wrong = {"exp": int((fapi.clock.now() - timedelta(minutes=5)).timestamp())}
    answer = fapi.post(endpoints.TOKEN, _form(fapi), "client", fapi.fresh_proof(), claims=wrong)
    assert error(answer, 401) == "invalid_client"


@only("private_key_jwt", "dpop")
def test_ensure_client_assertion_in_token_endpoint(fapi: Fapi) -> None:
    """5.3.2.1, 6: without an assertion nobody is known."""
    for named in ({}, {"client_id": "client"}):
        answer = fapi.provider.post(endpoints.TOKEN, _form(fapi) | named, authorization=None, dpop=fapi.holder.proof())
        assert error(answer, 401) == "invalid_client"


@only("private_key_jwt", "dpop")
def test_ensure_signed_client_assertion_with_RS256_fails(fapi: Fapi) -> None:  # noqa: N802 - its name
    """5.4.1: RS256 is none of the profile's algorithms, although the key is registered."""
    now = int(fapi.clock.now().timestamp())
    claims = {"iss": "client", "sub": "client", "aud": fapi.provider.deps.issuer, "jti": "rs256", "exp": now + 60}
    proven = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": sign(claims, alg="RS256", typ="JWT")}
    answer = fapi.provider.post(endpoints.TOKEN, _form(fapi) | proven, authorization=None, dpop=fapi.holder.proof())
    assert error(answer, 401) == "invalid_client"


def test_refresh_token(fapi: Fapi) -> None:
    """Core 12.2, 5.3.2.1, 9: by a key of its own each time, never without one, for its client alone; the ID token stays the same person's."""
    first = json_of(fapi.redeem(fapi.code()))
    form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    scoped = form | {"scope": "openid offline_access"}
    fresh = Holder(fapi.provider.deps).proof() if fapi.sender_constrain == "dpop" else None
    second = json_of(fapi.post(endpoints.TOKEN, scoped, "client", fresh))
    before, after = (jose.unverified_claims(one["id_token"]) for one in (first, second))
    for name in ("iss", "sub", "aud", "auth_time"):
        assert before[name] == after[name]
    assert second["access_token"] != first["access_token"]
    # Without proof of possession.
    unproven = fapi.post(endpoints.TOKEN, scoped, "client", shows=fapi.sender_constrain == "dpop")
    unknown = fapi.client_auth_type == fapi.sender_constrain
    assert error(unproven, 401 if unknown else 400) == ("invalid_client" if unknown else "invalid_request")
    # Another client's.
    assert error(fapi.post(endpoints.TOKEN, form, "client2", fapi.fresh_proof())) == "invalid_grant"
    assert fapi.post(endpoints.TOKEN, form, "client", fapi.fresh_proof()).status == 200
