"""Looking licences up for those who issue them: their own departments', and each look at somebody's data on the audit trail.

Left to others: who is an officer (views), everybody else's ways to a licence (holders, verification).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Refusal
from licenses import archive, data, kinds
from licenses.act_records import Act
from licenses.errors import LICENSE_NOT_FOUND
from licenses.life.orders import Officer, is_theirs, reach_of
from licenses.life.transitions import TRANSITIONS
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord, Wanted
from policies.life_models import ActName

PAGE = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A licence as its department sees it: with the versions around it, what was done to it, and what may be done now."""

    record: LicenseRecord
    replaced_by: str | None
    acts: Sequence[Act]
    possible: Sequence[ActName]


@dataclass(frozen=True, slots=True)
class Page:
    """Licences under their row keys, the newest first; ``older`` is the key below which there may be more, None at the end."""

    found: Sequence[tuple[int, LicenseRecord]]
    older: int | None


def get_license(deps: LicenseDeps, name: str, officer: Officer) -> Found:
    """Return the licence with this number or identifier; ``Refusal`` when there is none of the officer's department."""
    with deps.work.note() as work:
        record = work.records.find_number(name) or work.records.find_license(name)
        if (
            record is None
            or record.state != "issued"
            or not is_theirs(work.records, officer, record.issuer_uscc, record.type_code)
        ):
            raise Refusal(LICENSE_NOT_FOUND, field="identifier")
        newer = work.records.find_successor(record.identifier)
        done = work.records.acts(number=record.number, reach=reach_of(work.records, officer))
        event = AuditEvent(deps.clock.now(), officer.actor, "licenses.read", f"license:{record.identifier}")
        work.audit.record(event)
    provided = deps.policies.licenses.acts
    possible = [name for name, one in TRANSITIONS.items() if name in provided and record.status in one.sources]
    return Found(record, newer.identifier if newer is not None and newer.state == "issued" else None, done, possible)


def get_document(deps: LicenseDeps, name: str, officer: Officer) -> tuple[LicenseRecord, bytes]:
    """Return a licence with its PDF; looking at it is told as reading it is."""
    record = get_license(deps, name, officer).record
    return record, archive.get_document(deps, record)


def get_copy(deps: LicenseDeps, pdf_sha256: str, officer: Officer) -> tuple[LicenseRecord, bytes]:
    """Return an annotated copy with its PDF; looking at it is told as reading its licence is."""
    record, pdf = archive.get_copy(deps, pdf_sha256)
    get_license(deps, record.identifier, officer)
    return record, pdf


def search(deps: LicenseDeps, wanted: Wanted, officer: Officer, *, before: int | None = None) -> Page:
    """Return up to ``PAGE`` licences of the officer's departments and their types: fewer where a department lost a type."""
    issuers = officer.departments if wanted.issuers is None else _both(officer.departments, wanted.issuers)
    with deps.work.note() as work:
        found = work.records.search(replace(wanted, issuers=issuers), before=before, limit=PAGE)
        reach = reach_of(work.records, officer)
        theirs = [each for each in found if reach is None or each[1].type_code in reach.get(each[1].issuer_uscc, ())]
        details: dict[str, Json] = {"by": "holder" if wanted.holder_id else "list", "found": len(theirs)}
        event = AuditEvent(deps.clock.now(), officer.actor, "licenses.search", f"node:{deps.node.code}", details=details)
        work.audit.record(event)
    return Page(theirs, found[-1][0] if len(found) == PAGE else None)


def as_json(deps: LicenseDeps, record: LicenseRecord) -> dict[str, Json]:
    """Return a licence as its department's systems get it: what it says by the keys of GB/T 36903, and how it stands."""
    return {
        "identifier": record.identifier,
        "number": record.number,
        "version": record.version,
        "replaces": record.replaces,
        "type_code": record.type_code,
        "status": {
            "code": record.status,
            "at": rfc3339(record.status_at) if record.status_at else None,
            "reason": record.status_reason,
        },
        "issued_at": rfc3339(record.issued_at) if record.issued_at else None,
        "sha256": record.pdf_sha256,
        "log_index": record.log_index,
        "data": data.describe(record, kinds.name_of(deps, record), deps.node).as_json(),
    }


def _both(own: tuple[str, ...] | None, asked: Sequence[str]) -> tuple[str, ...]:
    return tuple(asked) if own is None else tuple(one for one in asked if one in own)
