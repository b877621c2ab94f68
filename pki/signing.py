"""A signature over prepared DER and the AlgorithmIdentifier that goes with it, for whatever is put together without a builder.

Left to others: what is signed (``crl_der``, ``ocsp_der``), signatures in documents (``cms``).
"""

from __future__ import annotations

from typing import cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from pki.certificates import hash_for
from pki.der import NULL, long_sequence, oid, sequence, tlv
from pki.records import PrivateKey

_ECDSA = {"sha256": sequence(oid("1.2.840.10045.4.3.2")), "sha384": sequence(oid("1.2.840.10045.4.3.3"))}  # RFC 5758 3.2
_RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), NULL)  # RFC 4055 5
_ED25519 = sequence(oid("1.3.101.112"))  # RFC 8410 3


def algorithm_of(key: PrivateKey) -> bytes:
    """Return the AlgorithmIdentifier of the signatures that :func:`signed` makes with ``key``."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _ECDSA[_hash(key).name]
    return _RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else _ED25519


def signed(key: PrivateKey, tbs: bytes) -> bytes:
    """Return SEQUENCE { tbs, signatureAlgorithm, signature BIT STRING } over exactly ``tbs``: a certificate, a list."""
    return long_sequence(tbs, algorithm_of(key), tlv(0x03, b"\x00", signature(key, tbs)))


def signature(key: PrivateKey, data: bytes) -> bytes:
    """Return the signature over ``data``."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(_hash(key)))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), _hash(key))
    return key.sign(data)


def _hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    return cast("hashes.SHA256 | hashes.SHA384", hash_for(key))
