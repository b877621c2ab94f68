"""A holder's own licences: only theirs, each with what it says, its shares, and who looked at it.

Left to others: sharing (``sharing``), the pages (``views``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from licenses.errors import LICENSE_NOT_FOUND
from licenses.kinds import Kind, kind_of
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import LicenseRecord
from licenses.wallet.facts import Fact, facts_of
from licenses.wallet_records import Look, Share

_BY_PAPER = ("licenses.verify_qr", "licenses.verify_number")
_ELSEWHERE = "licenses.verify_elsewhere"
_ACTIONS = ("licenses.read", "licenses.verify", *_BY_PAPER, "licenses.tell_node", _ELSEWHERE)
_LATEST = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody saw the licence: ``who`` may be empty (a stranger who verified it), as may ``purpose``."""

    at: datetime
    way: Literal["share", "fetch", "read", "verify", "paper", "node", "elsewhere"]
    who: str = field(repr=False)
    purpose: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """One licence of a holder, as they see it."""

    record: LicenseRecord
    kind: Kind
    facts: Sequence[Fact]
    shares: Sequence[Share]
    seen: Sequence[Seen]
    at: datetime


def get_own(records: LicenseRecords, identifier: str, holder_id: str) -> LicenseRecord:
    """Return the issued licence of this holder; anybody else's is as if there were none (``license_not_found``)."""
    record = records.find_license(identifier)
    if record is None or record.state != "issued" or record.holder_id != holder_id:
        raise Refusal(LICENSE_NOT_FOUND, field="identifier")
    return record


def describe(deps: LicenseDeps, identifier: str, holder_id: str) -> Held:
    """Return the holder's licence with all that its page tells."""
    with deps.work.read() as work:
        record = get_own(work.records, identifier, holder_id)
        shares, looks = work.records.shares(identifier), work.records.looks(identifier, limit=_LATEST)
        targets = (f"license:{identifier}", f"sha256:{record.pdf_sha256}")
        events = work.audit.about(targets, _ACTIONS, limit=_LATEST)
    kind = kind_of(deps, record)
    # What a share shows is verified as well: that is told once, as the share's use.
    told = [_told(record, each) for each in events if not each.actor.startswith("share:")]
    seen = sorted([*(_looked(each) for each in looks), *told], key=lambda one: one.at, reverse=True)
    return Held(record, kind, facts_of(record, kind), shares, seen[:_LATEST], deps.clock.now())


def _looked(look: Look) -> Seen:
    return Seen(look.at, look.way, look.who, look.purpose)


def _told(record: LicenseRecord, event: AuditEvent) -> Seen:
    """Return a look that the audit trail has: the department reads what it issued, a node asks, anybody verifies a file or the paper."""
    if event.action == "licenses.read":
        return Seen(event.at, "read", record.issuer_name, "")
    if event.action in {"licenses.tell_node", _ELSEWHERE}:
        way: Literal["elsewhere", "node"] = "elsewhere" if event.action == _ELSEWHERE else "node"
        return Seen(event.at, way, str(event.details["name"]), "")
    return Seen(event.at, "paper" if event.action in _BY_PAPER else "verify", "", "")
