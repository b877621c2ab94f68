"""What an admin sees first: the node's CAs and revocation lists with the time that they have left.

The words for a state (``ok``, ``warn``, ``bad``) are the colours of the page; what they mean is set here, once.
Left to others: peers and agreements (``federation``), renewing anything (``pki``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from admin_ui.certificates import Certificate, describe_record
from admin_ui.ports import AuditReader
from kernel.errors import Misuse
from licenses import archival
from licenses.act_records import LicenseStop
from licenses.log_ports import LogFault, Witnessed
from licenses.ports import LicenseDeps
from licenses.transparency import faults, reading
from pki import archiving, review
from pki.ports import PkiDeps
from pki.records import CaName, ListHead, Stop, ca_role

Kind = Literal["ok", "warn", "bad"]

CA_SOON = timedelta(days=180)
"""A CA that ends sooner is to be renewed now: its successor must be cross-certified before."""

WORKER_SILENT = timedelta(minutes=10)
"""The worker chains the audit trail each minute. It is given the time that another of its jobs may take."""


@dataclass(frozen=True, slots=True)
class Authority:
    """One of the node's CAs with its newest revocation list (None: none was published, which is an alarm)."""

    ca: CaName
    certificate: Certificate
    left: timedelta
    kind: Kind
    crl: ListHead | None
    crl_left: timedelta
    crl_kind: Kind


def list_authorities(deps: PkiDeps, at: datetime) -> Sequence[Authority]:
    """Return the CAs that the node has, the principal CA first; empty before the node is initialised."""
    found = []
    with deps.work.read() as work:
        rows = {row.key_label: row for row in work.records.authorities()}
        for ca in sorted(rows, key=lambda ca: (ca_role(ca) != "principal", ca)):
            record = work.records.find_certificate(rows[ca].serial)
            if record is not None and record.not_after > at:
                newest = next(iter(work.records.newest_lists(ca, (0,))), None)
                found.append(_judge(ca, describe_record(record, at), newest, at))
    return found


def find_standstill(audit: AuditReader, at: datetime) -> datetime | None:
    """Return since when the worker has done nothing, by what it ought to have chained of the audit trail; None while it works."""
    since = audit.waits_since()
    return since if since is not None and at - since > WORKER_SILENT else None


@dataclass(frozen=True, slots=True)
class LogState:
    """The transparency log: how long it is, how many nodes witnessed it. Of others' which contradict themselves, or are too long to be read."""

    size: int
    witnesses: int
    faults: Sequence[LogFault]
    full: Sequence[Witnessed]


def look_at_log(deps: LicenseDeps) -> LogState:
    """Return how the log stands."""
    with deps.work.read() as work:
        size, witnesses = work.records.log_size(), len(work.records.cosigned())
    return LogState(size, witnesses, faults.list_open(deps), reading.list_full(deps))


@dataclass(frozen=True, slots=True)
class Stops:
    """Why the review stopped issuing, None where it goes on: the certificate or the licence with the fault."""

    certificates: Stop | None
    licenses: LicenseStop | None


def find_stops(pki: PkiDeps, licenses: LicenseDeps) -> Stops:
    """Return what is stopped."""
    with licenses.work.look() as work:
        return Stops(review.find_stop(pki), work.records.find_stop())


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """The documents of the archive: how many wait for a newer time-stamp, and what new ones rest on that ends soon."""

    due: int
    ageing: Mapping[str, datetime]

    def __bool__(self) -> bool:
        return bool(self.due or self.ageing)


def look_at_archive(deps: LicenseDeps) -> ArchiveState:
    """Return how the archive stands; nothing of a node that has no time-stamp authority yet."""
    try:
        return ArchiveState(
            archival.count_due(deps, archival.find_due(deps)), archiving.find_ageing(deps.pki, archival.ageing_of(deps))
        )
    except Misuse:
        return ArchiveState(0, {})


def list_kind(crl: ListHead | None, at: datetime) -> Kind:
    """Return how fresh a revocation list is: bad when it is over, warn in the last quarter of its time."""
    if crl is None or at >= crl.next_update:
        return "bad"
    return "warn" if crl.next_update - at < (crl.next_update - crl.this_update) / 4 else "ok"


def _judge(ca: CaName, certificate: Certificate, crl: ListHead | None, at: datetime) -> Authority:
    left = certificate.record.not_after - at
    kind: Kind = "ok" if left > CA_SOON else "warn"
    return Authority(
        ca=ca,
        certificate=certificate,
        left=left,
        kind=kind if certificate.state == "valid" else "bad",
        crl=crl,
        crl_left=crl.next_update - at if crl else timedelta(0),
        crl_kind=list_kind(crl, at),
    )
