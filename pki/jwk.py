"""Keys for signed tokens: JSON Web Keys in and out (RFC 7517, 7638), each bound to its one algorithm.

Left to others: tokens (``jose``), fetching and rotating sets of keys (``idp``).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jose import jwk

from kernel.canonical import canonical
from kernel.errors import Refusal
from pki.errors import JWK_UNSUITABLE
from pki.records import PrivateKey, PublicKey
from pki.strict_json import decode_base64url, encode_base64url

Algorithm = Literal["ES256", "RS256"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
"""All that are signed with and taken; who takes fewer says so."""

THUMBPRINT = "x5t#S256"

_ECDSA = ec.ECDSA(hashes.SHA256())
_REPEATABLY = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192  # a huge modulus makes every verification slow
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class JwkKey:
    """A key with the one algorithm it is for, built once and kept. ``kid`` is None where a token need not name its key.

    ``x5t`` names the certificate of a signing key (:func:`thumbprint_of`).
    """

    alg: Algorithm
    public: PublicKey
    kid: str | None = None
    x5t: str | None = None
    prepared: Any = field(default=None, repr=False, compare=False)

    def sign(self, data: bytes, *, repeatable: bool = False) -> bytes:
        """Return the signature (RFC 7518 3.3, 3.4).

        A ``repeatable`` one is the same each time: for ECDSA by RFC 6979, except where a token (PKCS#11) has the key.
        """
        if self.alg == "RS256":
            signature: bytes = self.prepared.sign(data)
            return signature
        r, s = decode_dss_signature(self.prepared.prepared_key.sign(data, _REPEATABLY if repeatable else _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def algorithm_of(public_key: PublicKey) -> Algorithm:
    """Return the algorithm that a key is for; ``Refusal(jwk_unsuitable)`` for a key of another kind or too weak."""
    if isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(public_key.curve, ec.SECP256R1):
        return "ES256"
    if isinstance(public_key, rsa.RSAPublicKey) and _MIN_RSA_BITS <= public_key.key_size <= _MAX_RSA_BITS:
        return "RS256"
    raise Refusal(JWK_UNSUITABLE, problem="neither P-256 nor RSA of 2048 to 8192 bits")


def signing_key(key: PrivateKey, *, kid: str | None = None, certificate: bytes | None = None) -> JwkKey:
    """Prepare a private key for :func:`sign`; every token names its ``certificate`` (DER) by digest.

    The certificate itself is left out: libraries that departments use refuse headers of more than 512 octets.
    """
    public = key.public_key()
    alg = algorithm_of(public)
    return JwkKey(alg, public, kid, None if certificate is None else thumbprint_of(certificate), jwk.construct(key, alg))


def thumbprint_of(certificate: bytes) -> str:
    """Return a certificate's x5t#S256 (RFC 7515 4.1.8)."""
    return encode_base64url(hashlib.sha256(certificate).digest())


def certified(certificates: Sequence[bytes]) -> dict[str, Any]:
    """Return the members that carry a key's certificates, its own first, in a header or JWK (RFC 7515 4.1.6, 4.1.8; RFC 7517 4.7, 4.9)."""
    return {"x5c": [base64.b64encode(der).decode() for der in certificates], THUMBPRINT: thumbprint_of(certificates[0])}


def verifying_key(public_key: PublicKey, *, kid: str | None = None) -> JwkKey:
    """Prepare a public key for :func:`verify`."""
    alg = algorithm_of(public_key)
    return JwkKey(alg, public_key, kid, prepared=jwk.construct(public_key, alg))


def public_jwk(public_key: PublicKey, kid: str, alg: str) -> dict[str, str]:
    """Return the public key as a JWK for signatures (RFC 7517)."""
    if algorithm_of(public_key) != alg:
        message = f"this key is not for {alg}"
        raise ValueError(message)
    return {**_members(public_key), "use": "sig", "alg": alg, "kid": kid}


def thumbprint(public_key: PublicKey) -> str:
    """Return the RFC 7638 thumbprint: SHA-256 over the required members, base64url."""
    return encode_base64url(hashlib.sha256(canonical(_members(public_key))).digest())


def parse_jwk(document: object) -> JwkKey:
    """Return the verification key that a JWK from outside describes; ``Refusal(jwk_unsuitable)`` unless it is one of ours to use."""
    if not isinstance(document, Mapping):
        raise Refusal(JWK_UNSUITABLE, problem="not an object")
    if PRIVATE_MEMBERS & document.keys():
        raise Refusal(JWK_UNSUITABLE, problem="it holds a private or symmetric key")
    if document.get("use", "sig") != "sig" or "verify" not in _sequence(document.get("key_ops", ["verify"])):
        raise Refusal(JWK_UNSUITABLE, problem="not for signatures")
    kid = document.get("kid")
    if kid is not None and not (isinstance(kid, str) and kid):
        raise Refusal(JWK_UNSUITABLE, problem="kid is not text")
    public = _public_key(document)
    key = verifying_key(public, kid=kid)
    if document.get("alg", key.alg) != key.alg:
        raise Refusal(JWK_UNSUITABLE, problem="alg is not the key's own")
    return key


def parse_jwks(document: object, *, max_keys: int = 20) -> dict[str, JwkKey]:
    """Return the usable keys of a JWK set by ``kid``. Others (for encryption, of other kinds) are left out, a repeated kid is refused.

    A key without kid is known by its thumbprint; it can only be chosen when the set has no other.
    """
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list) or len(entries) > max_keys:
        raise Refusal(JWK_UNSUITABLE, problem=f"not a set of at most {max_keys} keys")
    keys: dict[str, JwkKey] = {}
    for entry in entries:
        try:
            key = parse_jwk(entry)
        except Refusal:
            continue
        name = key.kid or thumbprint(key.public)
        if name in keys:
            raise Refusal(JWK_UNSUITABLE, problem="two keys with one kid")
        keys[name] = key
    if not keys:
        raise Refusal(JWK_UNSUITABLE, problem="no key for ES256 or RS256 signatures")
    return keys


def _members(public_key: PublicKey) -> dict[str, str]:
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        point = public_key.public_numbers()
        size = (public_key.curve.key_size + 7) // 8
        curve = {"secp256r1": "P-256", "secp384r1": "P-384"}[public_key.curve.name]
        return {"kty": "EC", "crv": curve, "x": _number(point.x, size), "y": _number(point.y, size)}
    if isinstance(public_key, rsa.RSAPublicKey):
        numbers = public_key.public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    raise Refusal(JWK_UNSUITABLE, problem="neither an elliptic curve nor RSA")


def _public_key(document: Mapping[str, Any]) -> PublicKey:
    try:
        if document.get("kty") == "EC" and document.get("crv") == "P-256":
            numbers = ec.EllipticCurvePublicNumbers(_integer(document, "x"), _integer(document, "y"), ec.SECP256R1())
            return numbers.public_key()
        if document.get("kty") == "RSA":
            return rsa.RSAPublicNumbers(_integer(document, "e"), _integer(document, "n")).public_key()
    except (ValueError, OverflowError):
        raise Refusal(JWK_UNSUITABLE, problem="the numbers are not a public key") from None
    raise Refusal(JWK_UNSUITABLE, problem="neither EC P-256 nor RSA")


def _integer(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, str) or not value.isascii() or len(value) > _MAX_RSA_BITS // 4:
        raise Refusal(JWK_UNSUITABLE, problem=f"{name} is missing or not a number")
    return int.from_bytes(decode_base64url(value.encode(), JWK_UNSUITABLE), "big")


def _number(value: int, size: int | None = None) -> str:
    return encode_base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _sequence(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list) else ()
