"""The modules of the FAPI 2.0 Security Profile plan by the official suite's names, in its four variants: what each demands is in its docstring.

The variants are ``client_auth_type`` (private_key_jwt, mtls) by ``sender_constrain`` (dpop, mtls). Where certificates authenticate, one client has
a CA's and the other one its own. Of the suite's algorithms ES256 runs; PS256 and EdDSA are not offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
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
from tests.support.bound_client import LEFT_OUT, Holder, issued, self_signed
from tests.support.idp import Browser, Provider, challenge_of, json_of, provider_in, returned
from tests.support.signing_client import assertion, public_jwks

OTHER_CALLBACK = "https://suite.example.cn/test/a/chaoxin2/callback"
VARIANTS = [("private_key_jwt", "dpop"), ("private_key_jwt", "mtls"), ("mtls", "dpop"), ("mtls", "mtls")]


@dataclass
class Fapi:
    """A run of a variant of the plan against a provider in which ``client`` and ``client2`` are registered.

    ``certificates`` are those that the two show in TLS; a stolen token is tried with a third one.
    """

    provider: Provider
    client_auth_type: str
    sender_constrain: str
    holder: Holder
    browser: Browser
    certificates: dict[str, bytes]
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

    def post(
        self, path: str, form: dict[str, str | None], client_id: str, proof: str | None = None, *, shows: bool = True
    ) -> OAuthResponse:
        """Post as a client, proving who it is; ``shows``: with its certificate, where it has one."""
        by_jwt = self.client_auth_type == "private_key_jwt"
        proven = (assertion(self.provider, client_id) if by_jwt else {"client_id": client_id}) | form
        certificate = self.certificates.get(client_id) if shows else None
        return self.provider.post(path, proven, authorization=None, dpop=proof, certificate=certificate)

    def push(self, client_id: str = "client", **changes: str | None) -> OAuthResponse:
        return self.post(endpoints.PUSHED_REQUEST, dict(self.request(client_id, **changes)), client_id)

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

    def redeem(self, code: str, client_id: str = "client", *, proof: str | None = None, **changes: str | None) -> OAuthResponse:
        """Redeem a code, holding the key that the tokens are then bound to."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        }
        return self.post(endpoints.TOKEN, form | changes, client_id, proof or self.fresh_proof())

    def fresh_proof(self) -> str | None:
        return self.holder.proof() if self.sender_constrain == "dpop" else None

    def resource(self, access_token: str, proof: str | None, scheme: str = "DPoP") -> OAuthResponse:
        request = OAuthRequest("GET", authorization=f"{scheme} {access_token}", dpop=proof)
        return ENDPOINTS[endpoints.USERINFO](self.provider.deps, request)

    def held_resource(self, access_token: str, *, certificate: bytes | None = None) -> OAuthResponse:
        """Use an access token by the key that it is bound to, or by another ``certificate``."""
        if self.sender_constrain == "dpop":
            return self.resource(access_token, self.proof(access_token))
        shown = certificate or self.certificates["client"]
        request = OAuthRequest("GET", authorization=f"Bearer {access_token}", certificate=shown)
        return ENDPOINTS[endpoints.USERINFO](self.provider.deps, request)

    def proof(self, access_token: str, **changes: Any) -> str:
        return self.holder.proof(endpoints.USERINFO, method="GET", access_token=access_token, **changes)


def registrations(
    provider: Provider, client_auth_type: str, sender_constrain: str
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return how the two clients authenticate, and which certificates they show."""
    by_ca = issued(provider.deps, dns_names=("suite.example.cn",)).der
    own, jwks = self_signed(provider.deps)
    certificates = {"client": by_ca, "client2": own}
    if client_auth_type == "mtls":
        named = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "suite.example.cn"}
        return [named, {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": jwks}], certificates
    signing = {"token_endpoint_auth_method": "private_key_jwt", "jwks": public_jwks()}
    return [signing, signing], certificates if sender_constrain == "mtls" else {}


@pytest.fixture(scope="module", params=VARIANTS, ids="-".join)
def fapi(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> Iterator[Fapi]:
    client_auth_type, sender_constrain = request.param
    with provider_in(tmp_path_factory.mktemp("fapi"), keys, node=NODE, authorization_code_seconds=600) as provider:
        provider.add_account(USERNAME)
        methods, certificates = registrations(provider, client_auth_type, sender_constrain)
        for client_id, callback, method in zip(("client", "client2"), (CALLBACK, OTHER_CALLBACK), methods, strict=True):
            provider.add_client(
                client_id,
                department=DEPARTMENT,
                redirect_uris=(callback,),
                post_logout_redirect_uris=(),
                scope=SCOPE,
                require_pushed_authorization_requests=True,
                dpop_bound_access_tokens=sender_constrain == "dpop",
                tls_client_certificate_bound_access_tokens=sender_constrain == "mtls",
                security_profile="fapi2",
                **method,
            )
        browser = provider.browser()
        browser.log_in(USERNAME)
        yield Fapi(provider, client_auth_type, sender_constrain, Holder(provider.deps), browser, certificates)


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
    """5.3.2.1, 5: without proof of the key the token endpoint refuses, by one of four errors; so does the resource (RFC 8705 3)."""
    form: dict[str, str | None] = {"grant_type": "authorization_code", "code": fapi.code(), "redirect_uri": CALLBACK}
    answer = fapi.post(endpoints.TOKEN, form | {"code_verifier": fapi.verifier}, "client", shows=fapi.sender_constrain == "dpop")
    expected = {"invalid_client"} if fapi.client_auth_type == fapi.sender_constrain else {"invalid_request", "invalid_dpop_proof"}
    assert (answer.status, json_of(answer)["error"] in expected) == (401 if "invalid_client" in expected else 400, True)
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
    fapi.clock.advance(timedelta(seconds=60))
    assert error(fapi.redeem(code)) == "invalid_grant"


@pytest.mark.parametrize("fapi", [one for one in VARIANTS if one[1] == "dpop"], indirect=True, ids="-".join)
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
