"""The checks of what an OCSP responder is about to sign (RFC 6960 4.2.1), and of what stands around every signature of its.

An answer is looked at as the octets that are signed. What is alike in many answers (the certificate that is named, a moment, a
status) is read when it is first met, so that looking costs a fraction of the signature.

Left to others: lists (``statuses``), making answers (``pki.ocsp``), what stands in the responder's certificate (``certificates``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki import der_reader as der
from pki.certificates import algorithm_of
from pki.crl_der import REASONS
from pki.lint.parts import ALGORITHMS, as_digits, digits, refuse_fault, tag_of
from pki.ocsp_der import CertificateId, Responder
from pki.records import CertificateStatus, PublicKey

_HASHES = {
    "sha1": tag_of("1.3.14.3.2.26"),
    "sha256": tag_of("2.16.840.1.101.3.4.2.1"),
    "sha384": tag_of("2.16.840.1.101.3.4.2.2"),
    "sha512": tag_of("2.16.840.1.101.3.4.2.3"),
}
_NONCE = tag_of("1.3.6.1.5.5.7.48.1.2")
_BY_KEY, _NEXT_UPDATE, _EXTENSIONS, _REASON = 0xA2, 0xA0, 0xA1, 0xA0
_GOOD, _REVOKED, _UNKNOWN = 0x80, 0xA1, 0x82
_ENUMERATED = 0x0A
_NONCE_OCTETS = range(1, 129)  # RFC 9654 2.1


@dataclass(frozen=True, slots=True, eq=False)
class Speaker:
    """What the answers of a responder are held against: its name by key, and until when its certificate lets it speak."""

    key_hash: bytes
    end: str


@dataclass(frozen=True, slots=True, eq=False)
class Meant:
    """What an answer is to say: of which certificate, what is recorded of it, from when until when (to the second), to which nonce.

    ``recorded`` is None for what was never issued, ``nonce`` where none was sent.
    """

    asked: CertificateId
    recorded: CertificateStatus | None
    times: tuple[datetime, datetime]
    nonce: bytes | None


def speaker_of(responder: Responder, certificate: x509.Certificate) -> Speaker:
    """Look at what goes with every signature of a responder; ``Refusal(lint_fault)`` when it is not what belongs to ``certificate``."""
    refuse_fault(_responder_faults(responder, certificate))
    key_hash = x509.SubjectKeyIdentifier.from_public_key(cast("PublicKey", certificate.public_key())).digest
    return Speaker(key_hash, as_digits(certificate.not_valid_after_utc))


def check_answer(data: bytes, speaker: Speaker, meant: Meant) -> None:
    """Refuse the ResponseData of an answer with a fault: ``Refusal(lint_fault)`` naming the first."""
    refuse_fault(_answer_faults(data, speaker, meant))


def _responder_faults(responder: Responder, certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    key = cast("PublicKey", certificate.public_key())
    if responder.key.public_key() != key:
        yield "responder_key", "not the key of the responder's certificate"
    algorithm = algorithm_of(key)
    if algorithm is None or responder.algorithm != ALGORITHMS[algorithm]:
        yield "algorithm", "not that of the responder's key"
    if der.read(der.read(responder.beside, 0xA0), der.SEQUENCE) != certificate.public_bytes(Encoding.DER):
        yield "certificates", "not the responder's certificate alone"


def _answer_faults(data: bytes, speaker: Speaker, meant: Meant) -> Iterator[tuple[str, str]]:
    # Version 1 is said by saying nothing; every part is there, none more.
    (named, responder), produced_at, (list_tag, singles), *extensions = der.elements(der.read(data, der.SEQUENCE))
    if named != _BY_KEY or responder[:2] != b"\x04\x14" or responder[2:] != speaker.key_hash:
        yield "responder_id", "not the hash of the responder's key"
    certificate_id, status, this_update, (next_tag, until) = der.elements(der.read(singles, der.SEQUENCE))
    if list_tag != der.SEQUENCE or not _is_named(*certificate_id, meant.asked):
        yield "certificate_id", "not the certificate that was asked about"
    if not _is_status(*status, meant.recorded):
        yield "status", "not what is recorded of the certificate"
    first, last = (_written(moment) for moment in meant.times)
    if not _moment(*produced_at) == _moment(*this_update) == first or (next_tag, _only_moment(until)) != (_NEXT_UPDATE, last):
        yield "times", "not those that were meant"
    if not first < last <= speaker.end:
        yield "validity", "the next update is not after this one, or beyond the responder's certificate"
    if [tag for tag, _ in extensions] != ([] if meant.nonce is None else [_EXTENSIONS]):
        yield "extensions", "a nonce that was not asked for, or none that was"
    elif meant.nonce is not None:
        yield from _nonce_faults(extensions[0][1], meant.nonce)


def _nonce_faults(content: bytes, nonce: bytes) -> Iterator[tuple[str, str]]:
    size = len(nonce)
    if not content.endswith(nonce) or not _introduces_nonce(content[: len(content) - size], size):
        yield "nonce", "not the one that was asked for, alone"


@lru_cache(maxsize=4096)
def _is_named(tag: int, content: bytes, asked: CertificateId) -> bool:
    algorithm, name_hash, key_hash, (kind, serial) = der.elements(content)
    der.check(content)
    return (
        (tag, algorithm[0], kind) == (der.SEQUENCE, der.SEQUENCE, der.INTEGER)
        and der.elements(algorithm[1]) == [(der.OID, _HASHES[asked.hash_name]), (der.NULL, b"")]
        and name_hash == (der.OCTET_STRING, asked.issuer_name_hash)
        and key_hash == (der.OCTET_STRING, asked.issuer_key_hash)
        and int.from_bytes(serial, "big", signed=True) == asked.serial
    )


@lru_cache(maxsize=4096)
def _is_status(tag: int, content: bytes, recorded: CertificateStatus | None) -> bool:
    if recorded is None or recorded.revoked_at is None:
        return (tag, content) == (_UNKNOWN if recorded is None else _GOOD, b"")
    if tag != _REVOKED:
        return False
    revoked_at, *why = der.elements(content)
    codes = [(reason, der.read(code, _ENUMERATED)) for reason, code in why]
    meant = None if recorded.reason is None else REASONS.get(recorded.reason)
    is_why = codes == ([] if meant is None else [(_REASON, bytes((meant,)))])
    return is_why and _moment(*revoked_at) == as_digits(recorded.revoked_at)


@lru_cache(maxsize=64)
def _written(moment: datetime) -> str:
    return as_digits(moment)


@lru_cache(maxsize=4096)
def _only_moment(content: bytes) -> str:
    return _moment(der.GENERALIZED_TIME, der.read(content, der.GENERALIZED_TIME))


@lru_cache(maxsize=4096)
def _moment(tag: int, content: bytes) -> str:
    """Return a moment as fourteen digits; ``ValueError`` for one that is not in any calendar."""
    if tag != der.GENERALIZED_TIME or content[-1:] != b"Z":
        der.refuse("a moment that is not a GeneralizedTime in UTC")
    found = digits(tag, content)
    if as_digits(datetime.strptime(found + "+0000", "%Y%m%d%H%M%S%z")) != found:
        der.refuse("a moment that is not written to the second")
    return found


@lru_cache(maxsize=256)
def _introduces_nonce(head: bytes, size: int) -> bool:
    """Tell whether ``head`` and a nonce of this size, whatever its octets, are the one extension that carries it (RFC 9654 2.1)."""
    nonce = bytes(size)
    extension = der.elements(der.read(der.read(head + nonce, der.SEQUENCE), der.SEQUENCE))
    name, (tag, value) = extension  # not critical
    return (
        size in _NONCE_OCTETS
        and name == (der.OID, _NONCE)
        and tag == der.OCTET_STRING
        and der.read(value, der.OCTET_STRING) == nonce
    )
