"""Verifying a file from end to end: read it, gather, judge, and note in the audit trail that it was asked.

The steps bear the numbers that docs/architecture.md gives them. Left to others: each step (``documents``, ``gathering``,
``verify``), HTTP and the limits of size (``views``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
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
from licenses.evidence import Evidence
from licenses.gathering import Court
from licenses.known import keep
from licenses.ports import LicenseDeps
from licenses.registry_records import Known
from licenses.signatures import TimeStamp
from licenses.speeds import readings
from licenses.unverified import check_is_pdf, has_broken_seal
from licenses.verdict import Verdict
from licenses.verify import judge, judge_unreadable

_MIB = 1024 * 1024
_UNREAD = (DOCUMENT_UNREADABLE, DOCUMENT_TOO_COSTLY, DOCUMENT_MANY_SIGNATURES)
_UNCHANGED = frozenset({"coverage", "integrity", "trust"})
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Examined:
    """A verdict. ``reading`` is to be kept: a licence of this node that nobody has read before. ``elsewhere`` is the other node whose licence it is."""

    verdict: Verdict
    reading: bytes | None = None
    elsewhere: str | None = None


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
    found = examine(Court(deps, moment), deps, pdf, sha256, known, archive=archive)
    verdict = found.verdict
    # 5. Who asked about what, and what was answered; what was read is kept where that helps, and what its own node will hear.
    with deps.work.note() as work:
        work.audit.record(event_of(deps, sha256, verdict, actor, moment))
        work.records.keep_readings({} if found.reading is None else {sha256: found.reading})
        if found.elsewhere is not None:
            work.records.keep_untold(found.elsewhere, [target_of(sha256)], deps.clock.now())
    _log.info("license_verified", indication=verdict.indication, subindication=verdict.subindication, bytes=len(pdf))
    return verdict


def examine(
    court: Court, deps: LicenseDeps, pdf: bytes, sha256: str, known: Known | None, *, archive: TimeStamp | None = None
) -> Examined:
    """Return what was found of ``pdf``, which was below the time-stamp ``archive``."""
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
        return Examined(judge_unreadable(refusal, sha256=sha256, broken_seal=has_broken_seal(pdf)))
    # 4. Judge.
    keeping = None if known is None or known.reading is not None else keep(reading)
    verdict = judge(evidence, court.at)
    return Examined(verdict, keeping, find_elsewhere(evidence, verdict))


def find_elsewhere(evidence: Evidence, verdict: Verdict) -> str | None:
    """Return the code of the other node that issued the licence, if it is one and nothing was changed in it."""
    node = evidence.signer_node
    if evidence.reading.data is None or node is None or node.level == "outside" or node.code == evidence.node.code:
        return None
    passed = {finding.id for finding in verdict.checks if finding.result == "passed"}
    return node.code if passed >= _UNCHANGED else None


def target_of(sha256: str) -> str:
    """Return by what the audit trail knows a document."""
    return f"sha256:{sha256}"


def event_of(deps: LicenseDeps, sha256: str, verdict: Verdict, actor: str, at: datetime) -> AuditEvent:
    """Return what the audit trail has of a verification."""
    details = {"indication": verdict.indication, "subindication": verdict.subindication, "at": at.isoformat()}
    return AuditEvent(deps.clock.now(), actor, "licenses.verify", target_of(sha256), "ok", details)
