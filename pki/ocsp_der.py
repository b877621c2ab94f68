"""An OCSPResponse in DER (RFC 6960 4.2.1), put together from pieces that are kept, so that an answer costs its signature.

Left to others: what the answer says (``ocsp``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki.crl_der import REASONS
from pki.der import NULL, explicit, generalized_time, integer, octets, oid, sequence, tlv
from pki.records import CertificateStatus, PrivateKey
from pki.signing import algorithm_of, signature

_GOOD = tlv(0x80)
UNKNOWN = tlv(0x82)

_BASIC = oid("1.3.6.1.5.5.7.48.1.1")
_NONCE = oid("1.3.6.1.5.5.7.48.1.2")
_SUCCESSFUL = tlv(0x0A, b"\x00")
_HASHES = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}


@dataclass(frozen=True, slots=True)
class CertificateId:
    """What a request names a certificate by (CertID): hashes of its issuer's name and key, and its serial."""

    hash_name: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int

    def der(self) -> bytes:
        """Return the encoded form."""
        algorithm = sequence(oid(_HASHES[self.hash_name]), NULL)
        return sequence(algorithm, octets(self.issuer_name_hash), octets(self.issuer_key_hash), integer(self.serial))


@dataclass(frozen=True, slots=True)
class Responder:
    """Who signs, with what never changes of its answers: its identifier by key, the algorithm and its certificate beside the signature."""

    key: PrivateKey
    not_after: datetime
    identifier: bytes
    algorithm: bytes
    beside: bytes


def make_responder(key: PrivateKey, certificate: x509.Certificate) -> Responder:
    """Return the responder with this certificate."""
    by_key = explicit(2, octets(hashlib.sha1(public_key_bits(certificate), usedforsecurity=False).digest()))  # RFC 6960 4.2.2.3
    beside = explicit(0, sequence(certificate.public_bytes(Encoding.DER)))
    return Responder(key, certificate.not_valid_after_utc, by_key, algorithm_of(key), beside)


def status_of(status: CertificateStatus) -> bytes:
    """Return the CertStatus of what was issued: good, or since when and why not."""
    if status.revoked_at is None:
        return _GOOD
    code = None if status.reason is None else REASONS.get(status.reason)
    why = b"" if code is None else explicit(0, tlv(0x0A, bytes((code,))))
    return explicit(1, generalized_time(status.revoked_at), why)


def response(
    responder: Responder,
    certificate_id: bytes,
    status: bytes,
    times: tuple[datetime, datetime],
    nonce: bytes | None,
    *,
    look: Callable[[bytes], None],
) -> bytes:
    """Return the signed answer about one certificate. ``times`` are thisUpdate, which is producedAt too, and nextUpdate.

    ``look`` is given the ResponseData before exactly that is signed, and raises when it finds a fault.
    """
    this_update, next_update = (_time(moment) for moment in times)
    single = sequence(certificate_id, status, this_update, explicit(0, next_update))
    extensions = b"" if nonce is None else explicit(1, sequence(sequence(_NONCE, octets(octets(nonce)))))
    data = sequence(responder.identifier, this_update, sequence(single), extensions)
    look(data)
    signed = tlv(0x03, b"\x00", signature(responder.key, data))
    basic = sequence(data, responder.algorithm, signed, responder.beside)
    return sequence(_SUCCESSFUL, explicit(0, sequence(_BASIC, octets(basic))))


@lru_cache(maxsize=64)
def _time(moment: datetime) -> bytes:
    return generalized_time(moment)


def public_key_bits(certificate: x509.Certificate) -> bytes:
    """Return the content of subjectPublicKey's BIT STRING (RFC 6960 4.1.1)."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
