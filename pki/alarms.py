"""Certificates that come to their end without a successor: told once at each of the policies' distances, CAs and cross-certificates too.

Left to others: renewing them (``renewal``, ``authority``, ``crosscert``), what an operator's tools make of the log (``service``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import rfc3339
from pki.ports import PkiDeps
from pki.records import CertificateRecord


@dataclass(frozen=True, slots=True)
class Alarm:
    """A certificate that ends in ``days`` days or less: the nearest distance that it has passed."""

    certificate: CertificateRecord
    days: int


def find_ending(deps: PkiDeps, days: int) -> Sequence[CertificateRecord]:
    """Return the certificates in force that end within ``days`` and have no successor, the first to end first."""
    now = deps.clock.now()
    with deps.work.read() as work:
        return work.records.ending_before(now + timedelta(days=days), now=now)


def find_due(deps: PkiDeps) -> Sequence[Alarm]:
    """Return those of them that have passed one of their distances."""
    now, found = deps.clock.now(), []
    for record in find_ending(deps, deps.policies.alarms.days_before_end[0]):
        passed = [days for days in _distances(deps, record) if record.not_after <= now + timedelta(days=days)]
        if passed:
            found.append(Alarm(record, min(passed)))
    return found


def raise_due(deps: PkiDeps) -> Sequence[Alarm]:
    """Record the alarms that are due and were not raised before, and return them.

    Of several distances that a certificate has passed, only the nearest is raised: a node that was away for months says it once.
    """
    now, due = deps.clock.now(), find_due(deps)
    with deps.work.begin() as work:
        raised = [alarm for alarm in due if work.records.add_alarm(alarm.certificate.serial, alarm.days, now)]
        for alarm in raised:
            record = alarm.certificate
            details: dict[str, Json] = {"days": alarm.days, "profile": record.profile, "not_after": rfc3339(record.not_after)}
            work.audit.record(AuditEvent(now, "system", "pki.expiry_alarm", f"certificate:{record.serial}", details=details))
    return raised


def _distances(deps: PkiDeps, record: CertificateRecord) -> Iterator[int]:
    """Yield the distances that mean something for a certificate: shorter than its life, and than the node's own renewing of it.

    A responder's certificate of 90 days is renewed by the node 30 days before its end: had that failed, it is told at 7.
    """
    profile = deps.policies.profiles.get(record.profile)
    renewed_at = profile.renewal_days if profile is not None and profile.requested_by == ("node",) else None
    for days in deps.policies.alarms.days_before_end:
        if timedelta(days=days) < record.not_after - record.not_before and (renewed_at is None or days < renewed_at):
            yield days
