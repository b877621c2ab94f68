"""Verifying a file from end to end: read it, gather, judge, and note in the audit trail that it was asked.

The steps bear the numbers that docs/architecture.md gives them. Left to others: each step (``documents``, ``gathering``,
``verify``), HTTP and the limits of size (``views``).
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import structlog

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.limiter import Limiter, counted_as
from licenses.archival import below
from licenses.errors import (
    DOCUMENT_MANY_SIGNATURES,
    DOCUMENT_MISSING,
    DOCUMENT_TOO_COSTLY,
    DOCUMENT_TOO_LARGE,
    DOCUMENT_UNREADABLE,
    TOO_MANY_VERIFICATIONS,
)
from licenses.gathering import Court
from licenses.known import keep
from licenses.ports import Known, LicenseDeps
from licenses.signatures import TimeStamp
from licenses.speeds import readings
from licenses.unverified import check_is_pdf, has_broken_seal
from licenses.verdict import Verdict
from licenses.verify import judge, judge_unreadable

_MIB = 1024 * 1024
_UNREAD = (DOCUMENT_UNREADABLE, DOCUMENT_TOO_COSTLY, DOCUMENT_MANY_SIGNATURES)
_log = structlog.get_logger()


def take_turn(deps: LicenseDeps, limiter: Limiter, address: str) -> None:
    """Count a verification of a network address; ``Refusal`` (``too_many_verifications``), which tells when to come back, beyond its share."""
    seconds = limiter.take(counted_as(address), deps.clock.now())
    if seconds:
        raise Refusal(TOO_MANY_VERIFICATIONS, seconds=seconds)


def check_size(deps: LicenseDeps, size: int) -> None:
    """Refuse (``document_too_large``) more bytes than policy takes."""
    limit = deps.policies.licenses.verification.max_upload_bytes
    if size > limit:
        raise Refusal(DOCUMENT_TOO_LARGE, field="file", limit_mib=limit // _MIB)


def check_document(deps: LicenseDeps, pdf: bytes) -> None:
    """Refuse what is no document at all: ``document_missing``, ``document_too_large``, ``document_no_pdf``."""
    if not pdf:
        raise Refusal(DOCUMENT_MISSING, field="file")
    check_size(deps, len(pdf))
    check_is_pdf(pdf)


def verify(deps: LicenseDeps, pdf: bytes, *, actor: str, at: datetime | None = None) -> Verdict:
    """Return the verdict on ``pdf`` at the moment ``at`` (now when None), whatever it is.

    ``Refusal`` only for what :func:`check_document` refuses.
    """
    # 1. What is this?
    check_document(deps, pdf)
    pdf, archive = below(pdf)
    moment = at or deps.clock.now()
    sha256 = hashlib.sha256(pdf).hexdigest()
    with deps.work.look() as work:
        known = work.records.find_known([sha256]).get(sha256)
    verdict, reading = examine(Court(deps, moment), deps, pdf, sha256, known, archive=archive)
    # 5. Who asked about what, and what was answered; what was read is kept where that helps.
    with deps.work.note() as work:
        work.audit.record(event_of(deps, sha256, verdict, actor, moment))
        work.records.keep_readings({} if reading is None else {sha256: reading})
    _log.info("license_verified", indication=verdict.indication, subindication=verdict.subindication, bytes=len(pdf))
    return verdict


def examine(
    court: Court, deps: LicenseDeps, pdf: bytes, sha256: str, known: Known | None, *, archive: TimeStamp | None = None
) -> tuple[Verdict, bytes | None]:
    """Return the verdict on ``pdf``, which was below the time-stamp ``archive``.

    Beside it comes what is to be kept of it if that is a licence of this node that nobody has read before.
    """
    record = None if known is None else known.record
    try:
        # 2. Read it, believing nothing.
        for reading in readings(deps, pdf, sha256, known):
            # 3. Gather everything that bears on it. The evidence in the file itself is wanted only where the path is not at hand.
            evidence = court.gather(reading, record, archive)
            if evidence.is_complete:
                break
    except Refusal as refusal:
        if refusal.error not in _UNREAD:
            raise
        return judge_unreadable(refusal, sha256=sha256, broken_seal=has_broken_seal(pdf)), None
    # 4. Judge.
    keeping = None if known is None or known.reading is not None else keep(reading)
    return judge(evidence, court.at), keeping


def event_of(deps: LicenseDeps, sha256: str, verdict: Verdict, actor: str, at: datetime) -> AuditEvent:
    """Return what the audit trail has of a verification."""
    details = {"indication": verdict.indication, "subindication": verdict.subindication, "at": at.isoformat()}
    return AuditEvent(deps.clock.now(), actor, "licenses.verify", f"sha256:{sha256}", "ok", details)
