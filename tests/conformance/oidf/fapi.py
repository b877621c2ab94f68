"""What the official FAPI 2.0 suite does around each of its modules: pushes a request, sends the browser, redeems, holds the key.

Its variants are ``client_auth_type`` (private_key_jwt, mtls) by ``sender_constrain`` (dpop, mtls). Where certificates authenticate, one client
has a CA's and the other one its own. Of the suite's algorithms ES256 runs; PS256 and EdDSA are not offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp import endpoints
from idp.dispatch import ENDPOINTS
from idp.wire import OAuthRequest, OAuthResponse
from kernel.clock import FixedClock
from kernel.randomness import token
from tests.conformance.oidf.suite import CALLBACK
from tests.support.bound_client import Holder, issued, self_signed
from tests.support.idp import Browser, Provider, challenge_of, json_of, returned
from tests.support.signing_client import assertion, public_jwks

OTHER_CALLBACK = "https://suite.example.cn/test/a/chaoxin2/callback?dummy1=lorem&dummy2=ipsum"
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

    @contextmanager
    def later(self, **passed: float) -> Iterator[None]:
        """Let time pass for the length of the block."""
        moment = self.clock.now()
        self.clock.advance(timedelta(**passed))
        yield
        self.clock.moment = moment

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
        self,
        path: str,
        form: dict[str, str | None],
        client_id: str,
        proof: str | None = None,
        *,
        shows: bool = True,
        claims: dict[str, Any] | None = None,
    ) -> OAuthResponse:
        """Post as a client, proving who it is; ``shows``: with its certificate, where it has one. ``claims`` of its assertion differ."""
        by_jwt = self.client_auth_type == "private_key_jwt"
        proven = (assertion(self.provider, client_id, **(claims or {})) if by_jwt else {"client_id": client_id}) | form
        certificate = self.certificates.get(client_id) if shows else None
        return self.provider.post(path, proven, authorization=None, dpop=proof, certificate=certificate)

    def push(self, client_id: str = "client", *, proof: str | None = None, **changes: str | None) -> OAuthResponse:
        return self.post(endpoints.PUSHED_REQUEST, dict(self.request(client_id, **changes)), client_id, proof)

    def reference(self, client_id: str = "client", *, proof: str | None = None, **changes: str | None) -> str:
        pushed = self.push(client_id, proof=proof, **changes)
        answer = json_of(pushed)
        assert pushed.status == 201, answer
        assert dict(pushed.headers)["Cache-Control"] == "no-store"
        assert 5 <= answer["expires_in"] < 600
        return str(answer["request_uri"])

    def visit(self, request_uri: str, client_id: str = "client", **beside: str) -> TestResponse:
        """Send the browser, in which the person is logged in, with a reference; return the page or the answer."""
        return self.browser.get(endpoints.AUTHORIZE, {"client_id": client_id, "request_uri": request_uri, **beside})

    def follow(self, request_uri: str, client_id: str = "client") -> dict[str, str]:
        """Send the browser, in which the person is logged in and agrees, with a reference."""
        return self.returned(self.browser.agree(self.visit(request_uri, client_id)))

    def returned(self, answer: TestResponse) -> dict[str, str]:
        """Return what comes to the redirect URI: ``iss`` is always with it (RFC 9207)."""
        back = returned(answer)
        assert back["iss"] == self.provider.deps.issuer
        return back

    def code(self, client_id: str = "client", **changes: str | None) -> str:
        return self.follow(self.reference(client_id, **changes), client_id)["code"]

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


def error(answer: OAuthResponse, status: int = 400) -> str:
    """Return the error of a refusal, whose description is one that RFC 6749 5.2 allows."""
    document = json_of(answer)
    assert answer.status == status, document
    assert dict(answer.headers)["Content-Type"] == "application/json"
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", document["error_description"])
    return str(document["error"])


def only(client_auth_type: str = "", sender_constrain: str = "") -> pytest.MarkDecorator:
    """Mark a module that runs in the variants which have these."""
    fitting = [one for one in VARIANTS if client_auth_type in {"", one[0]} and sender_constrain in {"", one[1]}]
    return pytest.mark.parametrize("fapi", fitting, indirect=True, ids="-".join)
