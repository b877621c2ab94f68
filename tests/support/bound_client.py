"""A client that holds keys: makes DPoP proofs, by a library of its own, and has certificates to show."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from jose import jwk, jws

from idp import endpoints
from idp.ports import IdpDeps
from kernel.clock import timestamp
from kernel.randomness import token
from pki import authority, crl, jose
from pki.records import CertificateRecord, PrivateKey

LEFT_OUT = object()
"""Stands for a member that a proof does not have."""


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Holder:
    """Somebody who holds a key for proofs."""

    deps: IdpDeps
    key: PrivateKey = field(default_factory=_key)

    @property
    def alg(self) -> str:
        return "RS256" if isinstance(self.key, rsa.RSAPrivateKey) else "ES256"

    @property
    def jwk(self) -> dict[str, Any]:
        shown = {"kid", "use", "alg"}
        return {name: value for name, value in jose.public_jwk(self.key.public_key(), "k", self.alg).items() if name not in shown}  # type: ignore[arg-type]

    @property
    def jkt(self) -> str:
        return jose.thumbprint(self.key.public_key())  # type: ignore[arg-type]

    def proof(
        self,
        path: str = endpoints.TOKEN,
        *,
        method: str = "POST",
        access_token: str | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a good proof for an endpoint, with ``changes`` to its claims and its ``header``."""
        claims: dict[str, Any] = {
            "jti": token(12),
            "htm": method,
            "htu": self.deps.node.url + path,
            "iat": timestamp(self.deps.clock.now()),
        }
        if access_token is not None:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()
        claims = {name: value for name, value in (claims | changes).items() if value is not LEFT_OUT}
        members = {"typ": "dpop+jwt", "jwk": self.jwk} | (header or {})
        members = {name: value for name, value in members.items() if value is not LEFT_OUT}
        signed: str = jws.sign(claims, jwk.construct(self.key, self.alg), headers=members, algorithm=self.alg)
        return signed


def self_signed(deps: IdpDeps, *extensions: x509.ExtensionType) -> tuple[bytes, dict[str, Any]]:
    """Return a certificate that a client made itself (DER), good for 30 days, and the set of keys in which it registers it."""
    key, name, now = _key(), x509.Name.from_rfc4514_string("CN=self"), deps.clock.now()
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=30))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return der, {"keys": [jose.public_jwk(key.public_key(), "tls", "ES256") | {"x5c": [base64.b64encode(der).decode()]}]}


def issued(
    deps: IdpDeps, name: str = "系统", profile: str = "tls_client", *, number: str | None = None, **more: Any
) -> CertificateRecord:
    """Return a client's certificate by the node's own CA, whose lists are out; of a person with the ``number`` in its subject."""
    numbered = () if number is None else (("serialNumber", number),)
    subject = (*deps.node.names, ("CN", name), *numbered)
    record = authority.issue(deps.pki, profile, subject, _key().public_key(), **more)
    crl.refresh_due(deps.pki)
    return record
