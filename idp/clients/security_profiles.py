"""What a client is held to beyond the rules for everyone: one table for each profile, looked at in registration and at each endpoint.

``fapi2`` is the FAPI 2.0 Security Profile, for departments that handle sensitive data. Much of it holds for everyone here and stands in no
table: exact return addresses, PKCE by S256, ``iss`` in each answer, redirects by 303, codes of one use, pushed requests of one use.
Of its algorithms ES256 is offered; PS256 and EdDSA are not. Left to others: enforcing each line, where it matters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.clients.grant_types import DEVICE_CODE
from idp.records import Client
from pki.jwk import ALGORITHMS

_STRONG = frozenset({"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"})


@dataclass(frozen=True, slots=True)
class SecurityProfile:
    """What holds at the endpoints.

    ``algorithms`` sign what the client sends. ``issuer_only``: its assertions have one audience, the issuer, as text.
    ``max_code_seconds`` bounds the life of a code. ``rotation``: a refresh token is exchanged for the next at each use.
    """

    algorithms: tuple[str, ...]
    issuer_only: bool
    max_code_seconds: int
    rotation: bool


EVERYONE = SecurityProfile(algorithms=ALGORITHMS, issuer_only=False, max_code_seconds=600, rotation=True)
FAPI2 = SecurityProfile(
    algorithms=("ES256",),  # FAPI 2.0 SP 5.4.1
    issuer_only=True,  # 5.3.2.1, 8
    max_code_seconds=60,  # 5.3.2.1, 11
    rotation=False,  # 5.3.2.1, 9: the sender is constrained, and a lost answer shall not end the grant
)
SECURITY_PROFILES = {"fapi2": FAPI2}


def profile_of(client: Client) -> SecurityProfile:
    """Return the profile that a client is registered for."""
    return EVERYONE if client.security_profile is None else SECURITY_PROFILES[client.security_profile]


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that registration insists on; ``met`` tells whether a client has it."""

    field: str
    met: Callable[[Client], bool]
    zh: str
    en: str


FAPI2_DEMANDS = (
    # FAPI 2.0 SP 5.3.2.1, 2 to 7; 5.3.2.2, 2, 5 and 8; 5.4.1. Each flag is a mandate of its own: one does not stand in for another.
    Demand(
        "token_endpoint_auth_method",
        lambda client: client.token_endpoint_auth_method in _STRONG,
        "fapi2 只接受 private_key_jwt 和双向 TLS",
        "fapi2 takes private_key_jwt and mutual TLS only",
    ),
    Demand(
        "require_pushed_authorization_requests",
        lambda client: client.require_pushed_authorization_requests,
        "fapi2 须推送授权请求（PAR）",
        "fapi2 wants pushed authorization requests",
    ),
    Demand(
        "dpop_bound_access_tokens",
        lambda client: client.dpop_bound_access_tokens or client.tls_client_certificate_bound_access_tokens,
        "fapi2 的令牌须绑定 DPoP 密钥或 TLS 证书",
        "fapi2 wants tokens bound by DPoP or to a TLS certificate",
    ),
    Demand("require_pkce", lambda client: client.require_pkce, "fapi2 须使用 PKCE", "fapi2 wants PKCE"),
    Demand(
        "redirect_uris",
        lambda client: all(uri.startswith("https://") for uri in client.redirect_uris),
        "fapi2 的返回地址须以 https 开头",
        "fapi2 wants https",
    ),
    Demand(
        "id_token_signed_response_alg",
        lambda client: {client.id_token_signed_response_alg, client.userinfo_signed_response_alg} <= {"ES256", None},
        "fapi2 只用 ES256",
        "fapi2 takes ES256 only",
    ),
    # Its requests are not pushed, and no code is bound to a key.
    Demand(
        "grant_types", lambda client: DEVICE_CODE not in client.grant_types, "fapi2 不能用设备码", "fapi2 takes no device codes"
    ),
)
DEMANDS = {"fapi2": FAPI2_DEMANDS}


def find_unmet(client: Client) -> Demand | None:
    """Return the first thing that the client's profile demands and the client has not."""
    demands = () if client.security_profile is None else DEMANDS[client.security_profile]
    return next((demand for demand in demands if not demand.met(client)), None)
