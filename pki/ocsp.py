"""The OCSP responder (RFC 6960, nonces by RFC 9654): good, revoked, suspended, or unknown for what was never issued.

An answer is signed when it is first asked for and kept until half of its life is over; every change of any certificate's status,
whichever process made it, ends all that is kept at once, since the generation of the statuses is read for each answer. A request
with a nonce is answered by a signature of its own.

Each CA has a delegated responder certificate of its own, since a responder is only authorised by the CA whose certificates it
speaks of.

What is signed was looked at before, octet for octet; a fault is answered internalError and stands on the audit trail.

Left to others: the form (``ocsp_der``), what a fault is (``lint``), HTTP (``dispatch``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from pki import lint, ocsp_der
from pki.lint import Meant, Speaker
from pki.ocsp_der import CertificateId, Responder
from pki.ports import PkiDeps, PkiRecords
from pki.records import CaName, CertificateStatus
from pki.roles import Credential, cas_in, credential_in, responder_role

MAX_REQUEST_BYTES = 65536

_NONCE_OCTETS = range(1, 129)  # RFC 9654 2.1
_HASHES: tuple[type[hashes.HashAlgorithm], ...] = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)
_MOST_KEPT = 20_000
_LONGEST_KEPT = 256
"""Some 30 MB. Whoever asks for more than that in different words, or in many, costs us signatures, not memory."""
_SERIAL_BITS = 160  # RFC 5280 4.1.2.2: 20 octets


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An OCSPResponse; ``times`` (thisUpdate, nextUpdate) only where a cache may keep it. It is one thing: equal to itself only."""

    der: bytes
    times: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to say of a certificate, and who says it."""

    responder: Responder
    speaker: Speaker
    certificate_id: bytes
    status: bytes
    recorded: CertificateStatus | None
    until: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was found and signed while the statuses were of one generation."""

    generation: int
    faults: set[str] = field(default_factory=set)
    known: dict[CertificateId, _Known] = field(default_factory=dict)
    answers: dict[bytes, tuple[datetime, Answer]] = field(default_factory=dict)


def count_ready(deps: PkiDeps) -> int:
    """Return how many signed answers this process keeps ready, for the statuses as they are now."""
    return len(_kept(deps).answers)


def answer(deps: PkiDeps, request_der: bytes) -> Answer:
    """Return the answer to a request. Never raises for what was sent.

    A request for several certificates at once is answered malformedRequest: clients send one (RFC 5019 2.1.1), and an answer
    for the first alone would be taken for an answer to all. One about a CA that is not ours is answered unauthorized. An answer
    with a fault is not signed: internalError goes out in its place.
    """
    # Before the status is read: what changes in between is found out by the next who asks.
    kept = _kept(deps)
    now = deps.clock.now()
    ready = kept.answers.get(request_der)
    if ready is not None and now < ready[0]:
        return ready[1]
    request = _parse(request_der)
    if request is None:
        return _MALFORMED
    try:
        made = _answer(deps, kept, now, *request)
    except Refusal as fault:
        _record(deps, kept, now, request[0], fault)
        return _INTERNAL_ERROR
    if made.times is not None and len(request_der) <= _LONGEST_KEPT:
        this_update, next_update = made.times
        _keep(kept.answers, request_der, (this_update + (next_update - this_update) / 2, made))
    return made


def _answer(deps: PkiDeps, kept: _Kept, now: datetime, certificate_id: CertificateId, nonce: bytes | None) -> Answer:
    known = kept.known.get(certificate_id)
    if known is None or known.until <= now:
        known = _look_up(deps, certificate_id, now)
        if known is None:
            return _UNAUTHORIZED
        if known.recorded is not None:
            _keep(kept.known, certificate_id, known)
    this_update = now.replace(microsecond=0)
    times = this_update, min(this_update + _valid(deps), known.responder.not_after)
    meant = Meant(certificate_id, known.recorded, times, nonce)
    look = partial(lint.check_answer, speaker=known.speaker, meant=meant)
    signed = ocsp_der.response(known.responder, known.certificate_id, known.status, times, nonce, look=look)
    return Answer(signed, times if nonce is None and known.recorded is not None else None)


def _record(deps: PkiDeps, kept: _Kept, now: datetime, asked: CertificateId, fault: Refusal) -> None:
    """Put what was found wrong on the trail: each finding once a generation, since whoever asks again must not fill it."""
    finding = fault.details["finding"]
    if finding in kept.faults:
        return
    kept.faults.add(finding)
    details = {"finding": f"{finding}: {fault.details['problem']}"}
    with deps.work.begin() as work:
        work.audit.record(AuditEvent(now, "system", "pki.answer_ocsp", f"certificate:{asked.serial:x}", "refused", details))


def _kept(deps: PkiDeps) -> _Kept:
    generation = deps.generation(deps.work)
    kept = cast("_Kept | None", deps.kept.get("ocsp"))
    if kept is None or kept.generation != generation:
        kept = deps.kept["ocsp"] = _Kept(generation)
    return kept


def _keep(where: dict[Any, Any], key: object, value: object) -> None:
    if len(where) >= _MOST_KEPT:
        where.clear()
    where[key] = value


def _valid(deps: PkiDeps) -> timedelta:
    return timedelta(seconds=deps.policies.revocation.ocsp_valid_seconds)


def _parse(request_der: bytes) -> tuple[CertificateId, bytes | None] | None:
    """Return what is asked with its nonce, or None when the bytes are not a request for one certificate."""
    if len(request_der) > MAX_REQUEST_BYTES:
        return None
    try:
        request = ocsp.load_der_ocsp_request(request_der)
        algorithm = request.hash_algorithm
        nonce = _nonce(request)
        if nonce is not None and len(nonce) not in _NONCE_OCTETS:
            return None
        found = CertificateId(algorithm.name, request.issuer_name_hash, request.issuer_key_hash, request.serial_number)
    except (ValueError, TypeError, NotImplementedError, UnsupportedAlgorithm, OverflowError, x509.DuplicateExtension):
        return None  # NotImplementedError: several certificates in one request
    return (found, nonce) if isinstance(algorithm, _HASHES) and 0 < found.serial < 1 << _SERIAL_BITS else None


def _nonce(request: ocsp.OCSPRequest) -> bytes | None:
    for extension in request.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            return extension.value.nonce
        if extension.critical:
            message = "a critical extension that is not known"
            raise ValueError(message)
    return None


def _look_up(deps: PkiDeps, asked: CertificateId, now: datetime) -> _Known | None:
    """Return what there is to say; None when the issuer is none of our CAs."""
    with deps.work.read() as work:
        for ca in cas_in(deps, work.records):
            if _issuer_hashes(deps, ca.certificate, asked.hash_name) == (asked.issuer_name_hash, asked.issuer_key_hash):
                return _say(deps, work.records, ca.key_label, asked, now)
    return None


def _say(deps: PkiDeps, records: PkiRecords, ca: CaName, asked: CertificateId, now: datetime) -> _Known:
    responder, speaker = _responder(deps, credential_in(deps, records, responder_role(ca)))
    status = records.find_status(ca, format(asked.serial, "x"))
    said = ocsp_der.UNKNOWN if status is None else ocsp_der.status_of(status)
    return _Known(responder, speaker, asked.der(), said, status, now + _valid(deps) / 2)


def _issuer_hashes(deps: PkiDeps, issuer: x509.Certificate, hash_name: str) -> tuple[bytes, bytes]:
    kept = f"ocsp-issuer:{hash_name}:{issuer.serial_number:x}"
    found = deps.kept.get(kept)
    if found is None:
        parts = issuer.subject.public_bytes(), ocsp_der.public_key_bits(issuer)
        found = deps.kept[kept] = tuple(hashlib.new(hash_name, part, usedforsecurity=False).digest() for part in parts)
    return cast("tuple[bytes, bytes]", found)


def _responder(deps: PkiDeps, serving: Credential) -> tuple[Responder, Speaker]:
    kept = f"ocsp-responder:{serving.record.serial}"
    found = deps.kept.get(kept)
    if found is None:
        made = ocsp_der.make_responder(serving.key, serving.certificate)
        found = deps.kept[kept] = made, lint.speaker_of(made, serving.certificate)
    return cast("tuple[Responder, Speaker]", found)


def _refuse(status: ocsp.OCSPResponseStatus) -> Answer:
    return Answer(ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER))


_MALFORMED = _refuse(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
_INTERNAL_ERROR = _refuse(ocsp.OCSPResponseStatus.INTERNAL_ERROR)
_UNAUTHORIZED = _refuse(ocsp.OCSPResponseStatus.UNAUTHORIZED)
