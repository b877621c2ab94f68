"""Certificates that come to their end without a successor: told once at each of the policies' distances, CAs and cross-certificates too.

Left to others: renewing them (``renewal``, ``authority``, ``crosscert``), what an operator's tools make of the log (``service``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import rfc3339
from pki import cross_certificates, links
from pki.ports import PkiDeps
from pki.records import CertificateRecord

_PIECE = 100


@dataclass(frozen=True, slots=True)
class Alarm:
    """A certificate that ends in ``days`` days or less: the nearest distance that it has passed."""

    certificate: CertificateRecord
    days: int


def profiles_by_whose(deps: PkiDeps) -> tuple[frozenset[str], frozenset[str]]:
    """Return the profiles of certificates that the node's admins look after, and of those that their holders renew by themselves."""
    held = frozenset(name for name, profile in deps.policies.profiles.items() if "holder" in profile.requested_by)
    ours = frozenset(deps.policies.profiles) - held
    return ours | {cross_certificates.PROFILE, links.PROFILE}, held


def find_ending(deps: PkiDeps, days: int, profiles: Collection[str] | None = None) -> Iterator[CertificateRecord]:
    """Yield the certificates in force that end within ``days`` and have no successor, the first to end first.

    They are read a piece at a time: of a city's people some hundred thousand end within half a year.
    """
    now, after = deps.clock.now(), None
    while True:
        with deps.work.read() as work:
            piece = work.records.ending_before(now + timedelta(days=days), now=now, after=after, limit=_PIECE, profiles=profiles)
        yield from piece
        if len(piece) < _PIECE:
            return
        after = piece[-1].not_after, piece[-1].serial


def find_due(deps: PkiDeps, profiles: Collection[str] | None = None) -> Iterator[Alarm]:
    """Yield those of them that have passed one of their distances."""
    now = deps.clock.now()
    for record in find_ending(deps, deps.policies.alarms.days_before_end[0], profiles):
        passed = [days for days in _distances(deps, record) if record.not_after <= now + timedelta(days=days)]
        if passed:
            yield Alarm(record, min(passed))


def raise_due(deps: PkiDeps) -> Iterator[Alarm]:
    """Record the alarms that are due and were not raised before, a piece in each transaction, and yield them.

    Of several distances that a certificate has passed, only the nearest is raised: a node that was away for months says it once.
    """
    now, due = deps.clock.now(), find_due(deps)
    while piece := list(islice(due, _PIECE)):
        with deps.work.begin() as work:
            raised = [alarm for alarm in piece if work.records.add_alarm(alarm.certificate.serial, alarm.days, now)]
            for alarm in raised:
                record = alarm.certificate
                details: dict[str, Json] = {"days": alarm.days, "profile": record.profile, "not_after": rfc3339(record.not_after)}
                work.audit.record(AuditEvent(now, "system", "pki.expiry_alarm", f"certificate:{record.serial}", details=details))
        yield from raised


def _distances(deps: PkiDeps, record: CertificateRecord) -> Iterator[int]:
    """Yield the distances that mean something for a certificate: shorter than its life, and than the node's own renewing of it.

    A responder's certificate of 90 days is renewed by the node 30 days before its end: had that failed, it is told at 7.
    """
    profile = deps.policies.profiles.get(record.profile)
    renewed_at = profile.renewal_days if profile is not None and profile.requested_by == ("node",) else None
    for days in deps.policies.alarms.days_before_end:
        if timedelta(days=days) < record.not_after - record.not_before and (renewed_at is None or days < renewed_at):
            yield days
