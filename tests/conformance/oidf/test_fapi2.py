"""The modules of the FAPI 2.0 Security Profile plan that the project's list names, by the official suite's names, in its four variants.

What each demands is in its docstring. The plan's other modules: ``test_fapi2_requests``, ``test_fapi2_tokens``.
"""

from __future__ import annotations

from functools import partial

from idp import endpoints
from pki import jose
from tests.conformance.oidf.fapi import OTHER_CALLBACK, Fapi, error, only
from tests.conformance.oidf.suite import CALLBACK
from tests.support.bound_client import LEFT_OUT, Holder
from tests.support.idp import json_of, returned


def test_happy_flow(fapi: Fapi) -> None:
    """5.3.2: PAR, code, bound tokens, an ID token with the nonce, the resource by its key; a refresh token that is not rotated."""
    answer = json_of(fapi.redeem(fapi.code()))
    confirmed = jose.unverified_claims(answer["access_token"])["cnf"]
    if fapi.sender_constrain == "dpop":
        assert (answer["token_type"], confirmed) == ("DPoP", {"jkt": fapi.holder.jkt})
    else:
        thumbprint = jose.thumbprint_of(fapi.certificates["client"])
        assert (answer["token_type"], confirmed) == ("Bearer", {"x5t#S256": thumbprint})  # RFC 8705 3.1
    assert jose.unverified_header(answer["id_token"])["alg"] == "ES256"
    assert fapi.held_resource(answer["access_token"]).status == 200
    refresh = partial(fapi.post, endpoints.TOKEN, {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]})
    for _ in range(3):
        refreshed = json_of(refresh("client", fapi.fresh_proof()))
        assert refreshed["refresh_token"] == answer["refresh_token"]
        assert fapi.held_resource(refreshed["access_token"]).status == 200
    assert error(refresh("client2", fapi.fresh_proof())) == "invalid_grant"


def test_happy_flow_only_through_a_pushed_request(fapi: Fapi) -> None:
    """5.3.2.2, 4: a request that was not pushed is refused."""
    assert returned(fapi.browser.get(endpoints.AUTHORIZE, fapi.request()))["error"] == "invalid_request"


def test_ensure_holder_of_key_required(fapi: Fapi) -> None:
    """5.3.2.1, 5: without proof of the key the token endpoint refuses; so does the resource (RFC 8705 3)."""
    form: dict[str, str | None] = {"grant_type": "authorization_code", "code": fapi.code(), "redirect_uri": CALLBACK}
    answer = fapi.post(endpoints.TOKEN, form | {"code_verifier": fapi.verifier}, "client", shows=fapi.sender_constrain == "dpop")
    unknown = fapi.client_auth_type == fapi.sender_constrain  # it is its certificate that says who it is
    assert error(answer, 401 if unknown else 400) == ("invalid_client" if unknown else "invalid_request")
    access_token = json_of(fapi.redeem(fapi.code()))["access_token"]
    assert fapi.resource(access_token, None, "Bearer").status == 401
    if fapi.sender_constrain == "mtls":
        assert fapi.held_resource(access_token, certificate=fapi.certificates["client2"]).status == 401
        assert fapi.resource(access_token, fapi.proof(access_token)).status == 401


def test_ensure_authorization_code_is_bound_to_client(fapi: Fapi) -> None:
    """RFC 6749 4.1.3: another client that presents the code gets invalid_grant."""
    assert error(fapi.redeem(fapi.code(), "client2")) == "invalid_grant"
    assert error(fapi.redeem(fapi.code(), "client2", redirect_uri=OTHER_CALLBACK)) == "invalid_grant"


def test_a_client_without_its_certificate_pushes_nothing(fapi: Fapi) -> None:
    """RFC 9126 2: the client authenticates there as at the token endpoint; another client's certificate is not its own."""
    for certificate in (None, fapi.certificates.get("client2")):
        form = dict(fapi.request())
        answer = fapi.provider.post(endpoints.PUSHED_REQUEST, form, authorization=None, certificate=certificate)
        assert (answer.status, json_of(answer)["error"]) == (401, "invalid_client")


def test_a_code_lives_for_a_minute_at_most(fapi: Fapi) -> None:
    """5.3.2.2, 11: whatever policies give others."""
    code = fapi.code()
    with fapi.later(seconds=60):
        assert error(fapi.redeem(code)) == "invalid_grant"


@only(sender_constrain="dpop")
def test_dpop_negative_tests(fapi: Fapi) -> None:
    """RFC 9449 4.3, 7: each fault of a proof at the resource is 401, at the token endpoint 400; htu may have query and fragment."""
    access_token = str(json_of(fapi.redeem(fapi.code()))["access_token"])
    now = int(fapi.clock.now().timestamp())
    used = fapi.proof(access_token)
    assert fapi.resource(access_token, used).status == 200
    url = fapi.provider.deps.issuer + endpoints.USERINFO
    for wrong in (
        None,
        used,
        fapi.proof("another"),
        fapi.holder.proof(endpoints.USERINFO, method="GET"),
        fapi.proof(access_token, htm="POST"),
        fapi.proof(access_token, htu=f"{url}/x"),
        fapi.proof(access_token, iat=now - 3600),
        fapi.proof(access_token, iat=now + 3600),
        *(fapi.proof(access_token, **{name: LEFT_OUT}) for name in ("jti", "htm", "htu", "iat")),
        fapi.proof(access_token, header={"typ": "JWT"}),
        fapi.proof(access_token, header={"jwk": LEFT_OUT}),
        fapi.proof(access_token, header={"jwk": Holder(fapi.provider.deps).jwk}),
        Holder(fapi.provider.deps).proof(endpoints.USERINFO, method="GET", access_token=access_token),
    ):
        assert fapi.resource(access_token, wrong).status == 401
    assert fapi.resource(access_token, fapi.proof(access_token), "Bearer").status == 401
    for right in (
        fapi.proof(access_token, htu=f"{url}?a=b#c"),
        fapi.proof(access_token, iat=now - 10),
        fapi.proof(access_token, iat=now + 10),
    ):
        assert fapi.resource(access_token, right).status == 200
    for wrong in (fapi.holder.proof(htm="GET"), fapi.holder.proof(endpoints.USERINFO), fapi.holder.proof(iat=now - 3600)):
        assert error(fapi.redeem(fapi.code(), proof=wrong)) == "invalid_dpop_proof"


def test_par_ensure_pkce_required(fapi: Fapi) -> None:
    """5.3.2.2, 5: a pushed request without code_challenge is refused."""
    assert error(fapi.push(code_challenge=None, code_challenge_method=None)) == "invalid_request"


def test_par_plain_pkce_rejected(fapi: Fapi) -> None:
    """5.3.2.2, 5: so is one by the method plain."""
    assert error(fapi.push(code_challenge_method="plain")) == "invalid_request"


def test_par_attempt_reuse_request_uri(fapi: Fapi) -> None:
    """RFC 9126 4: a reference is good once."""
    request_uri = fapi.reference()
    assert "code" in fapi.follow(request_uri)
    assert _refused(fapi, request_uri)


def test_par_attempt_to_use_expired_request_uri(fapi: Fapi) -> None:
    """RFC 9126 4: and not after it has expired."""
    request_uri = fapi.reference()
    with fapi.later(seconds=fapi.provider.deps.policies.tokens.pushed_request_seconds):
        assert _refused(fapi, request_uri)


def test_par_attempt_to_use_request_uri_for_different_client(fapi: Fapi) -> None:
    """RFC 9126 4: and for the client alone that pushed it."""
    assert _refused(fapi, fapi.reference(), "client2")


def _refused(fapi: Fapi, request_uri: str, client_id: str = "client") -> bool:
    """An error page, or an error to the client; never a code."""
    answer = fapi.visit(request_uri, client_id)
    return answer.status_code == 400 and "Location" not in answer.headers
