"""Reads a signature value or time-stamp that is, octet by octet, what ``pki.cms`` writes: it is written once more and compared.

Whoever would have written it is asked for the signature over exactly those attributes; the answer is the signature that was found, once
it has been verified under the certificate's key. Left to others: every other form (``licenses.signatures``), who the signer is.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from licenses.own_form.objects import unusual
from licenses.reading import Stamp
from licenses.signatures import MAX_CERTIFICATES, is_time_stamp_certificate
from pki import cms
from pki.der import octets
from pki.der_reader import GENERALIZED_TIME, INTEGER, OID, SEQUENCE, DerError, element, elements

_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CERTIFICATES = 0xA0
_TIME = re.compile(rb"\d{14}Z")


@dataclass(frozen=True, slots=True)
class Author:
    """Whoever signed, by the certificates that came with it: the signer's first. ``template`` lacks only the key."""

    certificate: bytes
    others: tuple[bytes, ...]
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    template: cms.CmsTemplate


@dataclass(frozen=True, slots=True)
class OwnValue:
    """A signature value that holds: by whom, its algorithm, its time-stamp, and the certificates that came beside their signers'."""

    signer: bytes
    algorithm: str
    stamp: Stamp
    others: tuple[bytes, ...]


def read_value(contents: bytes, digest: bytes) -> OwnValue:
    """Return what the value ``contents`` (zeros may follow it) over ``digest`` says; ``UnusualError`` when it is in another form or does not hold."""
    try:
        _, _, end = element(contents, 0, len(contents))
        if contents[end:].strip(b"\0"):
            unusual()
        author, signature, token = _parts(contents[:end], cms.DATA)
        if token is None:
            unusual()
        written = cms.assemble(author.template, cms.DATA, digest, None, lambda data: _verified(author, data, signature))
        if cms.finish(written, token) != contents[:end]:
            unusual()
        stamp, beside = _stamp(token, signature)
    except (
        DerError,
        IndexError,
        ValueError,
        UnsupportedAlgorithm,
        x509.InvalidVersion,
    ):  # a key or certificate of a kind unknown here
        unusual()
    return OwnValue(author.certificate, _algorithm(author), stamp, (*author.others, *beside))


def _stamp(token: bytes, over: bytes) -> tuple[Stamp, tuple[bytes, ...]]:
    author, signature, _ = _parts(token, _TST_INFO)
    content = _encapsulated(token)
    digest = hashlib.sha256(content).digest()
    written = cms.assemble(author.template, _TST_INFO, digest, content, lambda data: _verified(author, data, signature))
    if cms.finish(written) != token:
        unusual()
    # RFC 3161 2.4.2: version, policy, messageImprint, serialNumber, genTime, and here the accuracy.
    inside = elements(content[element(content, 0, len(content))[1] :])
    if [tag for tag, _ in inside] != [INTEGER, OID, SEQUENCE, INTEGER, GENERALIZED_TIME, SEQUENCE] or inside[0][1] != b"\x01":
        unusual()
    imprint = cms.HASHINGS["sha256"].identifier + octets(hashlib.sha256(over).digest())
    if inside[2][1] != imprint or _TIME.fullmatch(inside[4][1]) is None:
        unusual()
    digits = inside[4][1].decode()
    at = datetime.fromisoformat(f"{digits[:8]}T{digits[8:]}")
    return Stamp(at, _dotted(inside[1][1]), author.certificate, _dedicated(author.certificate)), author.others


def _parts(der: bytes, content_type: str) -> tuple[Author, bytes, bytes | None]:
    """Return who signed ``der``, the signature and the one unsigned attribute's value; where they stand is all that is looked at."""
    signed_data = _signed_data(der)
    (certificates,) = [content for tag, content in signed_data if tag == _CERTIFICATES]
    (signer,) = elements(signed_data[-1][1])
    fields = elements(signer[1])
    if content_type != cms.DATA:
        return _author(certificates), fields[5][1], None
    (attribute,) = elements(fields[6][1])
    (_, values) = elements(attribute[1])
    _, _, end = element(values[1], 0, len(values[1]))
    return _author(certificates), fields[5][1], values[1][:end]


def _signed_data(der: bytes) -> list[tuple[int, bytes]]:
    ((_, inside),) = elements(der)
    (_, (_, explicit)) = elements(inside)
    ((_, content),) = elements(explicit)
    return elements(content)


def _encapsulated(token: bytes) -> bytes:
    _, (_, explicit) = elements(_signed_data(token)[2][1])
    ((_, content),) = elements(explicit)
    return content


@lru_cache(maxsize=256)
def _author(certificates: bytes) -> Author:
    found, place = [], 0
    while place < len(certificates):
        _, _, end = element(certificates, place, len(certificates))
        found.append(certificates[place:end])
        place = end
    if not 0 < len(found) <= MAX_CERTIFICATES:
        unusual()
    own, *others = (x509.load_der_x509_certificate(der) for der in found)
    key = own.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        unusual()
    return Author(
        found[0], tuple(found[1:]), key, cms.make_template(own, others, by_curve=isinstance(key, ec.EllipticCurvePublicKey))
    )


def _verified(author: Author, data: bytes, signature: bytes) -> bytes:
    try:
        if isinstance(author.key, ec.EllipticCurvePublicKey):
            author.key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        else:
            author.key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        unusual()
    return signature


def _algorithm(author: Author) -> str:
    return "sha256_ecdsa" if isinstance(author.key, ec.EllipticCurvePublicKey) else "sha256_rsa"


@lru_cache(maxsize=256)
def _dedicated(certificate: bytes) -> bool:
    return is_time_stamp_certificate(asn1_x509.Certificate.load(certificate))


@lru_cache(maxsize=256)
def _dotted(policy: bytes) -> str:
    return str(core.ObjectIdentifier(contents=policy).dotted)
