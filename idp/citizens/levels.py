"""Raising a real-name level, by whatever proof: one number, one account, and the evidence in the same transaction as the level.

1. The account waits its turn; it is a citizen's, enabled, and says a number.
2. Whose the number is already: a proof that is surer than theirs, or one at a window, takes it over. The other account is closed, its
   sessions end, and so does all that it gave or held for organisations; its owner is told; licences follow the number, and its certificates
   may be enrolled anew. Otherwise nothing is changed.
3. Level, number and evidence are stored, the audit event and the notice with them.

Nothing is ever merged by a name. Left to others: the proofs themselves (``proofs``, ``window``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from idp import notices
from idp.citizens.errors import LEVEL_UNSUITABLE, NUMBER_ELSEWHERE
from idp.enterprises import representing
from idp.owed_events import owe
from idp.people import proofing
from idp.people.accounts import open_record, seal
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, Verification
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal, Text
from policies.assurance_models import RealNameLevel

COUNTER = "counter"
"""The method of assurance.toml that is carried out at a window, before a clerk's eyes."""
_DECLARED = 2


@dataclass(frozen=True, slots=True)
class Step:
    """A level as its owner sees it: what it takes, whether they have it, since when and by what, and the ways to it that are open."""

    level: RealNameLevel
    reached: bool
    evidence: Verification | None
    method: Text | None
    ways: tuple[str, ...]


def describe(deps: IdpDeps, account: Account) -> Sequence[Step]:
    """Return all levels, the lowest first, with what is known of them for ``account``."""
    policies = deps.policies.assurance
    with deps.work.read() as work:
        found = work.records.verifications(account.id)
    steps = []
    for level in policies.real_name_levels:
        evidence = next((one for one in found if one.level == level.number), None)
        known = None if evidence is None else policies.proofing.get(evidence.method)
        reached = level.number <= account.real_name_level
        ways = () if reached or account.kind != "citizen" else tuple(one for one in level.methods if _is_open(deps, one))
        steps.append(Step(level, reached, evidence, None if known is None else Text(known.zh, known.en), ways))
    return steps


def level_of(deps: IdpDeps, method: str) -> RealNameLevel:
    """Return the level that a method reaches; ``Refusal`` where policies know of none."""
    for level in deps.policies.assurance.real_name_levels:
        if method in level.methods:
            return level
    raise Refusal(LEVEL_UNSUITABLE)


def check_may_rise(deps: IdpDeps, account: Account, method: str) -> None:
    """Refuse a proof that would lead nowhere, before anybody is asked for it."""
    suits = account.kind == "citizen" and account.resident_id is not None
    if not suits or level_of(deps, method).number <= account.real_name_level:
        raise Refusal(LEVEL_UNSUITABLE)


def raise_to(
    work: IdpWork, deps: IdpDeps, proven: Account, method: str, *, actor: str, now: datetime, document: str | None = None
) -> Account:
    """Give an account the level that ``method`` reaches, with the name and number that were ``proven``; ``Refusal`` changes nothing."""
    # 1. Its turn.
    level = level_of(deps, method)
    work.records.lock_account(proven.id)
    record = work.records.find_account(proven.id)
    if record is None or record.kind != "citizen" or record.disabled_at is not None or proven.resident_id is None:
        raise Refusal(LEVEL_UNSUITABLE)
    before = open_record(deps, record)
    risen = replace(
        before,
        name=proven.name,
        resident_id=proven.resident_id,
        real_name_level=max(level.number, before.real_name_level),
    )
    sealed = seal(deps, risen, now)
    if method != COUNTER and level.number <= before.real_name_level:  # somebody was quicker
        raise Refusal(LEVEL_UNSUITABLE)
    # 2. Whose number.
    other = work.records.find_holder(deps.vault.index(proven.resident_id, "idp.holder"))
    if other is not None and other.id != record.id:
        if not (method == COUNTER or level.number > other.real_name_level) or other.kind != "citizen":
            raise Refusal(NUMBER_ELSEWHERE)
        _close(work, deps, other, into=record.id, method=method, actor=actor, now=now)
    # 3. All together.
    if not work.records.put_proven(sealed):
        raise Refusal(NUMBER_ELSEWHERE)
    evidence = proofing.evidence(deps, replace(risen, real_name_level=level.number), method, actor=actor)
    work.records.add_verification(replace(evidence, document=document))
    details: dict[str, Json] = {"level": level.number, "method": method, "document": document}
    corrected = [name for name in ("name", "resident_id") if getattr(before, name) != getattr(risen, name)]
    details["corrected"] = list(corrected)
    if corrected:
        owe(work, record.id, "identifier-changed", now, of=corrected)
    work.audit.record(AuditEvent(now, actor, "idp.raise_level", f"account:{record.id}", details=details))
    notices.tell(work, deps, record.id, "level_raised", now, level=level.number)
    return risen


def _close(work: IdpWork, deps: IdpDeps, other: AccountRecord, *, into: str, method: str, actor: str, now: datetime) -> None:
    work.records.lock_account(other.id)
    closed = replace(open_record(deps, other), real_name_level=_DECLARED)
    work.records.put_proven(seal(deps, closed, now))
    work.records.set_disabled(other.id, now)
    owe(work, other.id, "account-disabled", now)
    ended = work.records.end_sessions(other.id, now)
    representing.give_up(work, deps, other.id, actor=actor)
    for one in work.records.authenticators(other.id):
        if one.kind == "certificate":  # it names the number, and is enrolled once: by whose that is
            work.records.remove_authenticator(one.id)
    details: dict[str, Json] = {"into": f"account:{into}", "method": method, "sessions": ended}
    work.audit.record(AuditEvent(now, actor, "idp.merge_account", f"account:{other.id}", details=details))
    notices.tell(work, deps, other.id, "number_moved", now)


def _is_open(deps: IdpDeps, method: str) -> bool:
    """Tell whether a method is offered here; a window always is."""
    offered = {
        "register": deps.registers.population is not None,
        "document": deps.registers.documents is not None,
        "certificate": deps.client_certificates and bool(deps.policies.assurance.certificates),
        COUNTER: True,
    }
    return offered.get(method, False)
