"""One admin asks, another one decides; what policies let one admin do alone is done at once.

1. Whoever asks may reach the account, and it is not their own. 2. The act makes sense. 3. With policies' two admins it waits as a
proposal; otherwise it is done. 4. Somebody else approves or rejects, within its time; one conditional statement decides, and what was
approved is done in the same transaction.

Left to others: the acts (``acts``), who may ask and decide (``admin_ui``, the command line).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from idp.administration.acts import Deed, Wish, act_of
from idp.administration.admins import Admin, check_not_oneself, check_reach
from idp.administration.errors import PROPOSAL_OVER, PROPOSAL_UNKNOWN, REASON_MISSING, SECOND_ADMIN_NEEDED
from idp.administration.resetting import Handed
from idp.notices import delivery
from idp.ports import IdpDeps, IdpWork
from idp.records import AccountRecord, Proposal
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import random_bytes
from kernel.text import find_unwanted_character, normal_form
from policies.roles import needs_two

MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A proposal with the username of the account that it is about."""

    proposal: Proposal
    username: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A proposal that was decided, and what there is to be handed over to whom it is about."""

    proposal: Proposal
    handed: Handed | None = None


def ask(deps: IdpDeps, admin: Admin, wish: Wish, account_id: str, *, reason: str, role: str | None = None) -> Proposal | None:
    """Do something to an account, or return the proposal by which it waits for another admin."""
    with deps.work.begin() as work:
        # 1. Whose account.
        record = check_reach(admin, work.records.find_account(account_id))
        check_not_oneself(admin, record)
        # 2. What.
        deed = Deed(act_of(wish, record), record, role)
        deed.check(deps)
        why = _reason(reason)
        # 3. By one or by two.
        if not needs_two(deps.policies.roles, deed.act):
            deed.do(deps, work, actor=admin.actor)
            return None
        return propose(deps, work, admin, deed, why)


def approve(deps: IdpDeps, admin: Admin, proposal_id: str) -> Decided:
    """Do what another admin asked for, once."""
    with deps.work.begin() as work:
        proposal, record = _find(work, admin, proposal_id)
        if admin.person == proposal.proposed_person or admin.actor == proposal.proposed_by:
            raise Refusal(SECOND_ADMIN_NEEDED)
        # 4. Decided once, and done with that.
        _decide(deps, work, proposal, "approved", admin)
        details: dict[str, Json] = {"proposal": proposal.id, "proposed_by": proposal.proposed_by}
        handed = Deed(proposal.act, record, proposal.role, details).do(deps, work, actor=admin.actor)
    delivery.deliver_soon(deps, record.id)
    return Decided(get(deps, proposal_id), handed)


def reject(deps: IdpDeps, admin: Admin, proposal_id: str) -> Decided:
    """Say no; who asked for it may take it back so."""
    with deps.work.begin() as work:
        proposal, _ = _find(work, admin, proposal_id)
        _decide(deps, work, proposal, "rejected", admin)
        _record(deps, work, admin, "idp.reject_proposal", proposal)
    return Decided(get(deps, proposal_id))


def get(deps: IdpDeps, proposal_id: str) -> Proposal:
    """Return what was asked for; ``Refusal(proposal_unknown)``."""
    with deps.work.read() as work:
        found = work.records.find_proposal(proposal_id)
    if found is None:
        raise Refusal(PROPOSAL_UNKNOWN, field="proposal")
    return found


def listed(deps: IdpDeps, *, only_open: bool = False, limit: int = 100) -> Sequence[Listed]:
    """Return what was asked for, newest first."""
    with deps.work.read() as work:
        found = work.records.proposals(only_open_at=deps.clock.now() if only_open else None, limit=limit)
        records = {each.account_id: work.records.find_account(each.account_id) for each in found}
    return [Listed(each, record.username) for each in found if (record := records[each.account_id]) is not None]


def propose(deps: IdpDeps, work: IdpWork, admin: Admin, deed: Deed, reason: str) -> Proposal:
    """Store what waits for another admin, within the transaction of whoever asks."""
    now = deps.clock.now()
    proposal = Proposal(
        id=random_bytes(8).hex(),
        act=deed.act,
        account_id=deed.record.id,
        role=deed.role,
        reason=reason,
        proposed_by=admin.actor,
        proposed_person=admin.person,
        proposed_at=now,
        expires_at=now + timedelta(seconds=deps.policies.roles.two_admins.valid_seconds),
    )
    work.records.add_proposal(proposal)
    _record(deps, work, admin, "idp.propose", proposal)
    return proposal


def _find(work: IdpWork, admin: Admin, proposal_id: str) -> tuple[Proposal, AccountRecord]:
    proposal = work.records.find_proposal(proposal_id)
    if proposal is None:
        raise Refusal(PROPOSAL_UNKNOWN, field="proposal")
    record = check_reach(admin, work.records.find_account(proposal.account_id))
    check_not_oneself(admin, record)
    return proposal, record


def _decide(deps: IdpDeps, work: IdpWork, proposal: Proposal, state: Literal["approved", "rejected"], admin: Admin) -> None:
    if not work.records.decide_proposal(proposal.id, state, by=admin.actor, at=deps.clock.now()):
        raise Refusal(PROPOSAL_OVER, field="proposal")


def _record(deps: IdpDeps, work: IdpWork, admin: Admin, action: str, proposal: Proposal) -> None:
    details: dict[str, Json] = {"proposal": proposal.id, "act": proposal.act}
    if proposal.role is not None:
        details["role"] = proposal.role
    work.audit.record(AuditEvent(deps.clock.now(), admin.actor, action, f"account:{proposal.account_id}", details=details))


def _reason(text: str) -> str:
    reason = normal_form(text)
    if not 0 < len(reason) <= MAX_REASON or find_unwanted_character(reason) is not None:
        raise Refusal(REASON_MISSING, field="reason", limit=MAX_REASON)
    return reason
