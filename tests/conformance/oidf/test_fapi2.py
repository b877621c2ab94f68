"""The modules of the FAPI 2.0 Security Profile plan by the official suite's names, for private_key_jwt and DPoP: what each demands is in its
docstring.

Of the suite's algorithms ES256 runs; PS256 and EdDSA are not offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from idp import endpoints
from idp.dispatch import ENDPOINTS
from idp.wire import OAuthRequest, OAuthResponse
from kernel.clock import FixedClock
from kernel.randomness import token
from pki import jose
from pki.keyfiles import FileKeyStore
from tests.conformance.oidf.conftest import DEPARTMENT, NODE, SCOPE
from tests.conformance.oidf.suite import CALLBACK, USERNAME
from tests.support.bound_client import LEFT_OUT, Holder
from tests.support.idp import Browser, Provider, challenge_of, json_of, provider_in, returned
from tests.support.signing_client import assertion, public_jwks

OTHER_CALLBACK = "https://suite.example.cn/test/a/chaoxin2/callback"


@dataclass
class Fapi:
    """A run of the plan against a provider in which ``client`` and ``client2`` are registered."""

    provider: Provider
    holder: Holder
    browser: Browser
    verifier: str = field(default_factory=lambda: token(32))

    @property
    def clock(self) -> FixedClock:
        clock = self.provider.deps.clock
        assert isinstance(clock, FixedClock)
        return clock

    def request(self, client_id: str = "client", **changes: str | None) -> dict[str, str]:
        request: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK if client_id == "client" else OTHER_CALLBACK,
            "scope": "openid offline_access",
            "state": token(10),
            "nonce": token(10),
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (request | changes).items() if value is not None}

    def post(self, path: str, form: dict[str, str | None], client_id: str, proof: str | None) -> OAuthResponse:
        proven = assertion(self.provider, client_id) | form
        return self.provider.post(path, proven, authorization=None, dpop=proof)

    def push(self, client_id: str = "client", **changes: str | None) -> OAuthResponse:
        return self.post(endpoints.PUSHED_REQUEST, dict(self.request(client_id, **changes)), client_id, None)

    def reference(self, client_id: str = "client") -> str:
        answer = json_of(self.push(client_id))
        assert 5 <= answer["expires_in"] < 600
        return str(answer["request_uri"])

    def follow(self, request_uri: str, client_id: str = "client") -> dict[str, str]:
        """Send the browser, in which the person is logged in and agrees, with a reference."""
        page = self.browser.get(endpoints.AUTHORIZE, {"client_id": client_id, "request_uri": request_uri})
        back = returned(self.browser.agree(page))
        assert back["iss"] == self.provider.deps.issuer
        return back

    def code(self, client_id: str = "client") -> str:
        return self.follow(self.reference(client_id), client_id)["code"]

    def redeem(self, code: str, client_id: str = "client", proof: str | None = "", **changes: str | None) -> OAuthResponse:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        return self.post(endpoints.TOKEN, form | changes, client_id, self.holder.proof() if proof == "" else proof)

    def resource(self, access_token: str, proof: str | None, scheme: str = "DPoP") -> OAuthResponse:
        request = OAuthRequest("GET", authorization=f"{scheme} {access_token}", dpop=proof)
        return ENDPOINTS[endpoints.USERINFO](self.provider.deps, request)

    def proof(self, access_token: str, **changes: Any) -> str:
        return self.holder.proof(endpoints.USERINFO, method="GET", access_token=access_token, **changes)


@pytest.fixture(scope="module")
def fapi(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Fapi]:
    with provider_in(tmp_path_factory.mktemp("fapi"), keys, node=NODE, authorization_code_seconds=600) as provider:
        provider.add_account(USERNAME)
        for client_id, callback in (("client", CALLBACK), ("client2", OTHER_CALLBACK)):
            provider.add_client(
                client_id,
                department=DEPARTMENT,
                redirect_uris=(callback,),
                post_logout_redirect_uris=(),
                scope=SCOPE,
                token_endpoint_auth_method="private_key_jwt",
                jwks=public_jwks(),
                require_pushed_authorization_requests=True,
                dpop_bound_access_tokens=True,
                security_profile="fapi2",
            )
        browser = provider.browser()
        browser.log_in(USERNAME)
        yield Fapi(provider, Holder(provider.deps), browser)


@pytest.fixture(autouse=True)
def _unhurried(fapi: Fapi) -> Iterator[None]:
    """Each module starts at the same moment."""
    moment = fapi.clock.now()
    yield
    fapi.clock.moment = moment


def error(answer: OAuthResponse) -> str:
    assert answer.status == 400
    return str(json_of(answer)["error"])


def test_happy_flow(fapi: Fapi) -> None:
    """5.3.2: PAR, code, bound tokens, an ID token with the nonce, the resource with a proof; a refresh token that is not rotated."""
    answer = json_of(fapi.redeem(fapi.code()))
    assert answer["token_type"] == "DPoP"
    assert jose.unverified_claims(answer["access_token"])["cnf"] == {"jkt": fapi.holder.jkt}
    assert jose.unverified_header(answer["id_token"])["alg"] == "ES256"
    assert fapi.resource(answer["access_token"], fapi.proof(answer["access_token"])).status == 200
    for _ in range(3):
        form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
        refreshed = json_of(fapi.post(endpoints.TOKEN, form, "client", fapi.holder.proof()))
        assert refreshed["refresh_token"] == answer["refresh_token"]
        assert fapi.resource(refreshed["access_token"], fapi.proof(refreshed["access_token"])).status == 200
    stolen: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    assert error(fapi.post(endpoints.TOKEN, stolen, "client2", fapi.holder.proof())) == "invalid_grant"


def test_happy_flow_only_through_a_pushed_request(fapi: Fapi) -> None:
    """5.3.2.2, 4: a request that was not pushed is refused."""
    assert returned(fapi.browser.get(endpoints.AUTHORIZE, fapi.request()))["error"] == "invalid_request"


def test_ensure_holder_of_key_required(fapi: Fapi) -> None:
    """5.3.2.1, 5: without proof of the key the token endpoint refuses, by one of three errors."""
    assert error(fapi.redeem(fapi.code(), proof=None)) in {"invalid_request", "invalid_grant", "invalid_dpop_proof"}


def test_ensure_authorization_code_is_bound_to_client(fapi: Fapi) -> None:
    """RFC 6749 4.1.3: another client that presents the code gets invalid_grant."""
    assert error(fapi.redeem(fapi.code(), "client2")) == "invalid_grant"
    assert error(fapi.redeem(fapi.code(), "client2", redirect_uri=OTHER_CALLBACK)) == "invalid_grant"


def test_a_code_lives_for_a_minute_at_most(fapi: Fapi) -> None:
    """5.3.2.2, 11: whatever policies give others."""
    code = fapi.code()
    fapi.clock.advance(timedelta(seconds=60))
    assert error(fapi.redeem(code)) == "invalid_grant"


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
    fapi.clock.advance(timedelta(seconds=fapi.provider.deps.policies.tokens.pushed_request_seconds))
    assert _refused(fapi, request_uri)


def test_par_attempt_to_use_request_uri_for_different_client(fapi: Fapi) -> None:
    """RFC 9126 4: and for the client alone that pushed it."""
    assert _refused(fapi, fapi.reference(), "client2")


def _refused(fapi: Fapi, request_uri: str, client_id: str = "client") -> bool:
    """An error page, or an error to the client; never a code."""
    answer = fapi.browser.get(endpoints.AUTHORIZE, {"client_id": client_id, "request_uri": request_uri})
    return answer.status_code == 400 and "Location" not in answer.headers
