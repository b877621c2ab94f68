"""A department's system that signs: request objects and client assertions, with keys of its own."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kernel.clock import timestamp
from kernel.randomness import token
from pki import jose
from tests.support.idp import Provider

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@cache
def _keys() -> dict[str, jose.JwkKey]:
    private = {"ES256": ec.generate_private_key(ec.SECP256R1()), "RS256": rsa.generate_private_key(65537, 2048)}
    return {alg: jose.signing_key(key, kid=alg.lower()) for alg, key in private.items()}  # type: ignore[arg-type]


def signing_key(alg: str) -> jose.JwkKey:
    """Return the key that every signing client of a test process signs with."""
    return _keys()[alg]


def public_jwks() -> dict[str, Any]:
    """Return the public halves of the keys that every signing client of a test process has."""
    return {"keys": [jose.public_jwk(key.public, str(key.kid), alg) for alg, key in _keys().items()]}


def sign(claims: dict[str, Any], *, alg: str = "ES256", typ: str = "oauth-authz-req+jwt") -> str:
    """Return ``claims`` signed by the key for ``alg``; those that are None are left out."""
    key = _keys()[alg]
    given = {name: value for name, value in claims.items() if value is not None}
    return jose.sign(given, key, kid=key.kid, alg=alg, typ=typ)


def request_claims(provider: Provider, client_id: str = "signer", **changes: Any) -> dict[str, Any]:
    """Return what a good request object of ``client_id`` says, with ``changes`` (None leaves one out)."""
    now = timestamp(provider.deps.clock.now())
    of_the_token = {"iss": client_id, "aud": provider.deps.issuer, "iat": now, "exp": now + 300}
    return {**of_the_token, **provider.request(client_id=client_id), **changes}


def assertion(provider: Provider, client_id: str = "signer", **changes: Any) -> dict[str, str | None]:
    """Return the form members by which a client proves who it is with a signed assertion (RFC 7523)."""
    now = timestamp(provider.deps.clock.now())
    claims = {"iss": client_id, "sub": client_id, "aud": provider.deps.issuer, "exp": now + 60, "jti": token(8), **changes}
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": sign(claims, typ="JWT")}
