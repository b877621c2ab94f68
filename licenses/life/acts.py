"""Carrying out what officers ask for, where policies say so by two of them. The steps bear the numbers of docs/architecture.md.

Left to others: whether an order is in order (``orders``), the documents (``versions``, ``copies``, ``issue``), who is an officer (views, commands).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from kernel.audit import AuditEvent, Outcome
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.text import normal_form
from kernel.work import Work
from licenses import issue, status
from licenses.act_records import Act, ActState
from licenses.errors import INTENT_OVERTAKEN
from licenses.errors.life import ACT_DECIDED, ACT_NOT_FOUND, ACT_WAITING, KEY_REUSED, LICENSES_STOPPED, SAME_OFFICER
from licenses.life import copies, failures, versions
from licenses.life.orders import Officer, Order, Planned, check_order, digest_of, is_theirs, reach_of
from licenses.life.transitions import check_transition
from licenses.ports import LicenseDeps, LicenseRecords

MAX_SHOWN = 200


def plan(deps: LicenseDeps, order: Order, officer: Officer) -> Planned:
    """Return what ``order`` comes to; nothing is changed. ``Refusal`` says what speaks against it."""
    with deps.work.read() as work:
        return check_order(deps, work.records, order, officer)


def ask(deps: LicenseDeps, order: Order, officer: Officer) -> Act:
    """Do what ``order`` says, or keep it for a second officer where policies want one; return the act as it then stands.

    Asked again by the same key, what it came to is the answer again: the act, or the ``Refusal`` over which it failed.
    """
    digest = digest_of(deps, order)
    key = None if order.key is None else hashlib.sha256(f"{officer.actor}\0{order.key}".encode()).hexdigest()
    try:
        with deps.work.begin() as work:
            act = _asked_before(work.records, key, digest)
            if act is None:
                # 1. Whether it is in order: policies, whose licence, its status, its document.
                planned = check_order(deps, work.records, order, officer)
                act = _act_of(deps, planned, officer, digest, key)
                # 2. It waits for another officer, or is carried out.
                if planned.rules.officers > 1:
                    act = _keep(work, act)
                else:
                    act = _start(deps, work, replace(act, decided_by=officer.actor, decided_at=act.asked_at), planned, new=True)
    except Refusal:
        # The same request at the same moment was quicker: its act is the answer, not that it is in the way.
        with deps.work.read() as work:
            act = _asked_before(work.records, key, digest)
        if act is None:
            raise
    if act.state == "failed" and act.problem:
        raise failures.refusal_of(act)
    return _finish(deps, act)


def agree(deps: LicenseDeps, act_id: str, officer: Officer) -> Act:
    """Agree to a waiting act as its second officer: it is carried out as asked, if the licence is still in a status for it."""
    with deps.work.begin() as work:
        act = _waiting(work.records, act_id, officer)
        # 3. Never the same officer twice, under whatever name.
        if officer.actor == act.asked_by or officer.person == act.asked_person:
            raise Refusal(SAME_OFFICER)
        order = Order(act.name, act.identifier, act.reason, act.note, act.basis, act.content)
        planned = check_order(deps, work.records, order, officer)
        decided = replace(act, decided_by=officer.actor, decided_at=deps.clock.now())
        act = _start(deps, work, decided, planned, new=False)
    return _finish(deps, act)


def reject(deps: LicenseDeps, act_id: str, officer: Officer) -> Act:
    """Let a waiting act be; whoever asked for it may take it back in this way."""
    with deps.work.begin() as work:
        act = _waiting(work.records, act_id, officer)
        act = replace(act, state="rejected", decided_by=officer.actor, decided_at=deps.clock.now())
        if not work.records.decide_act(act):
            raise Refusal(ACT_DECIDED, by=_decider(work.records, act))
        _tell(work, act, "licenses.reject", officer.actor, "ok")
    return act


def get_act(deps: LicenseDeps, act_id: str, officer: Officer) -> Act:
    """Return an act of the officer's departments; ``Refusal`` when there is none."""
    with deps.work.read() as work:
        return _get(work.records, act_id, officer)


def list_acts(deps: LicenseDeps, officer: Officer, *, number: str | None = None, state: ActState | None = None) -> Sequence[Act]:
    """Return acts of the officer's departments, the newest first."""
    with deps.work.read() as work:
        return work.records.acts(number=number, reach=reach_of(work.records, officer), state=state, limit=MAX_SHOWN)


def settle(deps: LicenseDeps) -> None:
    """End the acts that a crash left agreed, after ``recover`` has finished the documents that they made."""
    with deps.work.read() as work:
        left = work.records.agreed_acts()
    for act in left:
        with suppress(Refusal):  # it stands as failed
            _finish(deps, act)


def _asked_before(records: LicenseRecords, key: str | None, digest: str) -> Act | None:
    """Return the act that was asked for with ``key``; ``Refusal(key_reused)`` when it was another one."""
    act = None if key is None else records.find_act_by_key(key)
    if act is not None and act.digest != digest:
        raise Refusal(KEY_REUSED, field="Idempotency-Key")
    return act


def _act_of(deps: LicenseDeps, planned: Planned, officer: Officer, digest: str, key: str | None) -> Act:
    order, record = planned.order, planned.record
    number = record.number if record else planned.application.number if planned.application else None
    return Act(
        id=token(12),
        name=order.name,
        identifier=record.identifier if record else None,
        number=number,
        type_code=planned.type_code,
        issuer_uscc=planned.issuer_uscc,
        reason=order.reason,
        note=normal_form(order.note),
        basis=normal_form(order.basis),
        content=dict(order.columns),
        asked_by=officer.actor,
        asked_person=officer.person,
        asked_at=deps.clock.now(),
        state="waiting",
        digest=digest,
        key=key,
    )


def _keep(work: Work[LicenseRecords], act: Act) -> Act:
    if not work.records.add_act(act):
        raise _in_the_way(work.records, act)
    _tell(work, act, "licenses.ask", act.asked_by, "intent")
    return act


def _start(deps: LicenseDeps, work: Work[LicenseRecords], act: Act, planned: Planned, *, new: bool) -> Act:
    """Record the decision with what depends on it: a status with its leaf at once; of a document, the intent."""
    record, actor = planned.record, act.decided_by or act.asked_by
    if planned.application is not None or act.name == "annotate":
        issue.check_not_stopped(work.records)
    if record is None and planned.application is not None:
        reserved = issue.reserve(deps, work.records, planned.application)
        act = replace(act, state="agreed", result=reserved.record.identifier, number=reserved.record.number)
    elif record is not None and planned.application is not None:
        intent = versions.reserve_version(deps, work.records, record, planned.application)
        act = replace(act, state="agreed", result=intent.identifier)
    else:
        act = replace(act, state="agreed" if act.name == "annotate" else "done")
    if not (work.records.add_act(act) if new else work.records.decide_act(act)):
        raise _in_the_way(work.records, act) if new else Refusal(ACT_DECIDED, by=_decider(work.records, act))
    if record is not None and act.state == "done":
        target = check_transition(act.name, record).target
        if target is not None:
            status.change_in(work, record, target, at=act.decided_at or act.asked_at, reason=planned.reason.zh, actor=actor)
    _tell(work, act, "licenses.act", actor, "ok" if act.state == "done" else "intent")
    return act


def _finish(deps: LicenseDeps, act: Act) -> Act:
    """Make the document that an agreed act wants, or find it made, and end the act with what came of it."""
    if act.state != "agreed":
        return act
    actor = act.decided_by or act.asked_by
    try:
        if act.name == "annotate":
            return replace(act, state="done", result=copies.make(deps, act, actor=actor))
        _make_license(deps, act, actor)
    except Refusal as refusal:
        if refusal.error is LICENSES_STOPPED:  # what was reserved waits, and the act with it
            raise
        ended = _end(deps, replace(act, state="failed", failure=refusal.code, problem=failures.described(refusal)), actor)
        if ended.state == "done":  # somebody else carried it out meanwhile
            return ended
        raise
    return _end(deps, replace(act, state="done"), actor)


def _make_license(deps: LicenseDeps, act: Act, actor: str) -> None:
    with deps.work.read() as work:
        made = work.records.find_license(act.result or "")
    if made is None:  # given up by another process
        raise Refusal(INTENT_OVERTAKEN, field="number", number=act.number)
    if made.state == "intent":
        answer = issue.finish(deps, [made], actor=actor)[made.identifier]
        if isinstance(answer, Refusal):
            raise answer


def _end(deps: LicenseDeps, act: Act, actor: str) -> Act:
    """End an act and return it, as it was ended before if it was."""
    with deps.work.begin() as work:
        if not work.records.end_act(act):
            return work.records.find_act(act.id) or act
        _tell(work, act, "licenses.act", actor, "ok" if act.state == "done" else "refused")
    return act


def _waiting(records: LicenseRecords, act_id: str, officer: Officer) -> Act:
    act = _get(records, act_id, officer)
    if act.state != "waiting":
        raise Refusal(ACT_DECIDED, by=act.decided_by)
    return act


def _get(records: LicenseRecords, act_id: str, officer: Officer) -> Act:
    act = records.find_act(act_id)
    if act is None or not is_theirs(records, officer, act.issuer_uscc, act.type_code):
        raise Refusal(ACT_NOT_FOUND, field="act")
    return act


def _decider(records: LicenseRecords, act: Act) -> str:
    found = records.find_act(act.id)
    return (found.decided_by if found else None) or "?"


def _in_the_way(records: LicenseRecords, act: Act) -> Refusal:
    other = None if act.identifier is None else records.find_waiting(act.identifier)
    if other is None:
        return Refusal(KEY_REUSED, field="Idempotency-Key")
    return Refusal(ACT_WAITING, field="identifier", act_id=other.id)


def _tell(work: Work[LicenseRecords], act: Act, action: str, actor: str, outcome: Outcome) -> None:
    at = act.decided_at or act.asked_at
    details: dict[str, Json] = {"act": act.id, "name": act.name, "reason": act.reason, "issuer": act.issuer_uscc}
    if act.result is not None:
        details["result"] = act.result
    if act.failure:
        details["failure"] = act.failure
    target = f"license:{act.identifier or act.result or act.number or act.id}"
    work.audit.record(AuditEvent(at, actor, action, target, outcome, details))
