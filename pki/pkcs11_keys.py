"""Private keys on a PKCS#11 token as ``cryptography`` knows keys: what signs with one of its keys signs with these.

The hash is computed here, the signature on the token. The private part has no form outside of it. Left to others: the token (``pkcs11``).
"""

from __future__ import annotations

from typing import Any, NoReturn, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from pki.der import NULL, octets, oid, sequence
from pki.pkcs11 import Token
from pki.records import PrivateKey, PublicKey

_DIGESTS = {  # RFC 8017 9.2, note 1
    "sha256": sequence(oid("2.16.840.1.101.3.4.2.1"), NULL),
    "sha384": sequence(oid("2.16.840.1.101.3.4.2.2"), NULL),
    "sha512": sequence(oid("2.16.840.1.101.3.4.2.3"), NULL),
}


def key_on(token: Token, key_id: bytes, public_key: PublicKey) -> PrivateKey:
    """Return the private key that the token holds under ``key_id``."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return TokenEcKey(token, key_id, public_key)
    if isinstance(public_key, rsa.RSAPublicKey):
        return TokenRsaKey(token, key_id, public_key)
    return TokenEdKey(token, key_id, public_key)


class _OnToken:
    """What all of them share: no way out for the private part. A copy is the same key."""

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the key was made so that it cannot leave."""
        raise _unsupported(what="its private part leaves the token")

    def private_bytes_raw(self) -> NoReturn:
        """Refuse likewise."""
        raise _unsupported(what="its private part leaves the token")

    def private_numbers(self) -> NoReturn:
        """Refuse likewise."""
        raise _unsupported(what="its private part leaves the token")

    def exchange(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the key was made for signatures only."""
        raise _unsupported(what="it agrees on keys")

    def decrypt(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse likewise."""
        raise _unsupported(what="it decrypts")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self


class TokenEcKey(_OnToken, ec.EllipticCurvePrivateKey):
    """A key for ECDSA."""

    def __init__(self, token: Token, key_id: bytes, public_key: ec.EllipticCurvePublicKey) -> None:
        self._token = token
        self._id = key_id
        self._public_key = public_key

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public part."""
        return self._public_key

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        """The size of the curve in bits."""
        return self._public_key.key_size

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Return the signature in DER."""
        algorithm = signature_algorithm.algorithm
        if not isinstance(signature_algorithm, ec.ECDSA) or isinstance(algorithm, Prehashed):
            raise _unsupported(what="it signs other than by ECDSA over data")
        raw = self._token.sign(self._id, "ecdsa", _hash(algorithm, data))
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


class TokenRsaKey(_OnToken, rsa.RSAPrivateKey):
    """A key for RSA signatures in the form of PKCS#1 1.5, the one that this house makes."""

    def __init__(self, token: Token, key_id: bytes, public_key: rsa.RSAPublicKey) -> None:
        self._token = token
        self._id = key_id
        self._public_key = public_key

    def public_key(self) -> rsa.RSAPublicKey:
        """Return the public part."""
        return self._public_key

    @property
    def key_size(self) -> int:
        """The size of the modulus in bits."""
        return self._public_key.key_size

    def sign(self, data: Any, padding: padding.AsymmetricPadding, algorithm: Any) -> bytes:
        """Return the signature."""
        if padding.name != "EMSA-PKCS1-v1_5" or getattr(algorithm, "name", "") not in _DIGESTS:
            raise _unsupported(what="it signs other than by PKCS#1 1.5 with SHA-2 over data")
        digest_info = sequence(_DIGESTS[algorithm.name], octets(_hash(algorithm, data)))
        return self._token.sign(self._id, "rsa", digest_info)


class TokenEdKey(_OnToken, ed25519.Ed25519PrivateKey):
    """A key for Ed25519."""

    def __init__(self, token: Token, key_id: bytes, public_key: ed25519.Ed25519PublicKey) -> None:
        self._token = token
        self._id = key_id
        self._public_key = public_key

    def public_key(self) -> ed25519.Ed25519PublicKey:
        """Return the public part."""
        return self._public_key

    def sign(self, data: Any) -> bytes:
        """Return the signature."""
        return self._token.sign(self._id, "eddsa", bytes(data))


def _hash(algorithm: hashes.HashAlgorithm, data: Any) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _unsupported(*, what: str) -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(f"a key on a token does not do this: {what}")
