"""Who has a batch issued: whoever handed it in, once they looked at it; where policies want two officers, another one.

Left to others: what would become of it (``foresight``), issuing it (``work``).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from licenses.bulk.outcomes import find_batch
from licenses.bulk_records import Batch, BatchState
from licenses.errors.life import ACT_NOT_DONE_HERE, BATCH_DECIDED, NOT_YOUR_DEPARTMENT, SAME_OFFICER
from licenses.life.orders import Officer
from licenses.life.transitions import ISSUE
from licenses.ports import LicenseDeps
from policies.licenses import find_act

_ARRIVES_WITHIN = timedelta(hours=1)
_KEPT_WAITING = timedelta(days=30)


def find_hindrance(deps: LicenseDeps, officer: Officer) -> Refusal | None:
    """Return why no batch of an officer's is issued: they have no department, or policies have no officer issue anything."""
    if officer.departments is None:  # the node's operator, who issues by command
        return None
    if not officer.departments:  # theirs would be everybody's whose organisation is no department
        return Refusal(NOT_YOUR_DEPARTMENT)
    if find_act(deps.policies.licenses, "issue") is None:
        return Refusal(ACT_NOT_DONE_HERE, field="act", act_zh=ISSUE.zh, act_en=ISSUE.en)
    return None


def takes_two(deps: LicenseDeps, officer: Officer) -> bool:
    """Tell whether an officer's batch needs another one's agreement."""
    rules = find_act(deps.policies.licenses, "issue")
    return officer.departments is not None and rules is not None and rules.officers > 1


def check_issues(deps: LicenseDeps, officer: Officer) -> None:
    """Refuse where an officer's batch is issued by nobody."""
    hindrance = find_hindrance(deps, officer)
    if hindrance is not None:
        raise hindrance


def release(deps: LicenseDeps, batch_id: str, officer: Officer) -> Batch:
    """Have the workers issue a waiting batch, and return it."""
    check_issues(deps, officer)
    with deps.work.read() as work:
        found = find_batch(work.records, batch_id, officer)
    # Never the same officer twice, under whatever name.
    if takes_two(deps, officer) and (officer.actor == found.asked_by or officer.person == found.asked_person):
        raise Refusal(SAME_OFFICER)
    return _decide(deps, found, "released", officer.actor)


def drop(deps: LicenseDeps, batch_id: str, officer: Officer) -> Batch:
    """Let a waiting batch be; its rows are removed. Whoever handed it in may take it back in this way."""
    with deps.work.read() as work:
        found = find_batch(work.records, batch_id, officer)
    return _decide(deps, found, "dropped", officer.actor)


def drop_left_over(deps: LicenseDeps) -> None:
    """Remove what never arrived in whole, and what nobody decided about for long."""
    now = deps.clock.now()
    with deps.work.read() as work:
        over = work.records.left_over(arriving_since=now - _ARRIVES_WITHIN, waiting_since=now - _KEPT_WAITING)
    for one in over:
        with suppress(Refusal):  # somebody decided just now, or another worker looks too
            _decide(deps, one, "dropped", "system", before=one.state)


def _decide(deps: LicenseDeps, found: Batch, state: BatchState, actor: str, *, before: BatchState = "waiting") -> Batch:
    decided = replace(found, state=state, decided_by=actor, decided_at=deps.clock.now())
    with deps.work.begin() as work:
        if not work.records.move_batch(decided, before):
            raise Refusal(BATCH_DECIDED, field="batch")
        if state == "dropped":
            work.records.drop_chunks(found.id)
        action = "licenses.release_batch" if state == "released" else "licenses.drop_batch"
        work.audit.record(AuditEvent(deps.clock.now(), actor, action, f"batch:{found.id}", "ok", {"rows": found.rows}))
    return decided
