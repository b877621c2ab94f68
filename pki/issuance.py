"""How a certificate comes into being: intent recorded, signed, recorded (design: trust, 6).

A crash between the steps leaves a visible intent. :func:`settle` voids it later and lists its serial as revoked: whether the
signature was made is not known, so it must not be worth anything.

Left to others: what is signed (``certificates``, ``cross_certificates``) and for whom (``authority``, ``seals``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.randomness import serial_number
from kernel.work import Work
from pki.certificates import Issuer, sign
from pki.errors import ISSUANCE_VOIDED
from pki.ports import PkiDeps, PkiRecords
from pki.records import CertificateRecord, Intent

ABANDONED_AFTER = timedelta(minutes=10)
"""No signature takes longer than this: an older intent belongs to a process that is gone."""

Build = Callable[[int, datetime], x509.CertificateBuilder]
"""Makes the certificate for a serial and a moment."""

Then = Callable[[Work[PkiRecords], CertificateRecord], bool]
"""What must be stored together with the certificate; False when somebody else stored theirs first."""


class OvertakenError(Exception):
    """Somebody else stored theirs first; nothing of ours was."""


@dataclass(frozen=True, slots=True)
class Order:
    """A certificate that is wanted: by whom, of which profile, for whom, and how it is built."""

    profile_name: str
    subject: x509.Name
    issuer: Issuer
    build: Build
    actor: str


def issue(deps: PkiDeps, order: Order, then: Then | None = None) -> CertificateRecord:
    """Issue the certificate that ``order`` describes.

    ``OvertakenError`` when ``then`` finds that somebody was first; the intent is voided by :func:`settle`.
    """
    at = deps.clock.now()
    number = serial_number()
    serial = format(number, "x")
    builder = order.build(number, at)
    # 1. The intent: before the signature, and on disk before it.
    intent = Intent(serial, order.subject.rfc4514_string(), order.profile_name, order.issuer.ca, at, order.issuer.partition)
    with deps.work.begin() as work:
        work.records.add_intent(intent)
        work.audit.record(_event(intent, at, order.actor, "intent"))
    # 2. The signature, over exactly what was built for that serial.
    record = _record(intent, sign(builder, order.issuer.key))
    # 3. The result, together with what depends on it.
    with deps.work.begin() as work:
        if not work.records.finish_intent(record):
            raise Refusal(ISSUANCE_VOIDED)
        if then is not None and not then(work, record):
            raise OvertakenError
        work.audit.record(_event(intent, deps.clock.now(), order.actor, "ok", record.sha256))
    return record


def settle(deps: PkiDeps) -> Sequence[Intent]:
    """Void the intents that were abandoned; their serials go on the next revocation list."""
    at = deps.clock.now()
    with deps.work.begin() as work:
        voided = work.records.void_intents(before=at - ABANDONED_AFTER, at=at)
        for intent in voided:
            work.audit.record(_event(intent, at, "system", "failed"))
    return voided


def _record(intent: Intent, certificate: x509.Certificate) -> CertificateRecord:
    der = certificate.public_bytes(Encoding.DER)
    return CertificateRecord(
        serial=intent.serial,
        sha256=hashlib.sha256(der).hexdigest(),
        subject=intent.subject,
        issuer=certificate.issuer.rfc4514_string(),
        profile=intent.profile,
        ca=intent.ca,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        der=der,
        partition=intent.partition,
    )


def _event(intent: Intent, at: datetime, actor: str, outcome: str, sha256: str | None = None) -> AuditEvent:
    details = {"profile": intent.profile, "ca": intent.ca}
    if sha256 is not None:
        details["sha256"] = sha256
    return AuditEvent(at, actor, "pki.issue", f"certificate:{intent.serial}", outcome, details)  # type: ignore[arg-type]
