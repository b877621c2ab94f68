"""Which keys a client proved to hold when it asked for tokens: the tokens are bound to them (RFC 9449, RFC 8705).

Whoever steals such a token cannot use it. Left to others: proofs (``dpop``), who the client is (``clients.authentication``), asking for
the proof again where a token is shown (``resource``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from idp.clients.security_profiles import profile_of
from idp.ports import IdpDeps
from idp.records import Client
from idp.tokens.dpop import verify_proof
from idp.tokens.errors import CERTIFICATE_MISSING, DPOP_MISSING
from idp.wire import OAuthRequest
from kernel.errors import Refusal
from pki import jose


@dataclass(frozen=True, slots=True)
class Binding:
    """What was proven: ``jkt`` the thumbprint of a DPoP key, ``x5t`` that of a TLS certificate."""

    jkt: str | None = None
    x5t: str | None = None

    @property
    def confirmation(self) -> dict[str, str]:
        """The claim ``cnf`` (RFC 9449 6.1, RFC 8705 3.1); empty when nothing was proven."""
        found = {"jkt": self.jkt, jose.THUMBPRINT: self.x5t}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def of_refresh_token(self) -> Mapping[str, str] | None:
        """What a public client's refresh token is bound to; a confidential one proves itself anyway (RFC 9449 5, RFC 8705 4)."""
        return self.confirmation or None

    def fulfils(self, confirmation: Mapping[str, str] | None) -> bool:
        """Tell whether every key that a refresh token is bound to was proven."""
        return not confirmation or confirmation.items() <= self.confirmation.items()


def prove(deps: IdpDeps, client: Client, request: OAuthRequest, path: str) -> Binding:
    """Return what ``request`` proves; ``Refusal`` when a proof is wrong, or missing where the client is registered to give it."""
    jkt = None
    if request.dpop is not None:
        jkt = verify_proof(deps, request, path, algorithms=profile_of(client).algorithms)
    elif client.dpop_bound_access_tokens:  # RFC 9449 5.2
        raise Refusal(DPOP_MISSING)
    if not client.tls_client_certificate_bound_access_tokens:
        return Binding(jkt)
    if request.certificate is None:  # RFC 8705 3.4
        raise Refusal(CERTIFICATE_MISSING)
    return Binding(jkt, jose.thumbprint_of(request.certificate))


def token_type(confirmation: Mapping[str, str]) -> str:
    """Return how a token is to be shown (RFC 9449 5, RFC 8705 3)."""
    return "DPoP" if "jkt" in confirmation else "Bearer"
