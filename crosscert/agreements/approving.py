"""Two people compare the code, two admins approve the plan that they saw, or somebody rejects.

Left to others: what the plan says (``plans``), issuing (``issuing``).
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Collection

from crosscert.agreements import plans
from crosscert.agreements.states import after
from crosscert.agreements.steps import advance, get, get_in, record
from crosscert.errors import APPROVER_UNSUITABLE, CODE_WRONG, PLAN_CHANGED, PLAN_FAULTY
from crosscert.paths.certificates import parse_certificate
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement, Approval
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.people import person_of, who

MOST_MISSES = 5


def confirm(deps: CrosscertDeps, identifier: str, code: str, *, actor: str) -> Agreement:
    """Record that the code which the other side read out is this agreement's.

    ``Refusal(code_wrong)`` for another; the fifth of them rejects the request, since then it is not the other side's.
    """
    actor = who(actor)
    with deps.work.begin() as work:
        agreement = get_in(work.records, identifier)
        after(agreement.kind, agreement.state, "confirm")
        if hmac.compare_digest(_bare(code), _bare(_expected(agreement))):
            return advance(deps, work, agreement, "confirm", actor)
        misses = work.records.count_miss(identifier) or MOST_MISSES
        record(deps, work, agreement, actor, action="confirm", details={"misses": misses}, outcome="failed")
        if misses >= MOST_MISSES:
            advance(deps, work, agreement, "reject", actor, details={"misses": misses})
    raise Refusal(CODE_WRONG, field="code", misses=misses, most=MOST_MISSES)  # beyond the block: the count must stand


def approve(deps: CrosscertDeps, identifier: str, *, approver: str, plan_sha256: str, faults: Collection[str] = ()) -> Agreement:
    """Record an admin's yes to the plan with this digest; with the last one that is needed the agreement is approved.

    ``faults`` are the cases (``graph.refusals``) in which the plan makes valid what it should not, that this admin accepts: that a
    bridge could speak in the name of a CA outside which it is trusted to vouch for.
    ``Refusal`` for the requester, for a second yes of one person, for a plan that is not today's or at fault, and
    when no approval is awaited.
    """
    approver = who(approver)
    agreement = get(deps, identifier)
    _check_approver(agreement, approver)
    plan = plans.plan_of(deps, agreement)
    if plan_sha256 != plan.digest:
        raise Refusal(PLAN_CHANGED, field="plan")
    unaccepted = [each for each in plan.faults if each.case not in faults]
    if unaccepted:
        raise Refusal(PLAN_FAULTY, field="plan", faults="; ".join(f"{each.place}: {each.case}" for each in unaccepted))
    with deps.work.begin() as work:
        agreement = get_in(work.records, identifier)
        _check_approver(agreement, approver)
        if not work.records.add_approval(identifier, Approval(approver, deps.clock.now(), person_of(approver), plan.digest)):
            after(agreement.kind, get_in(work.records, identifier).state, "approve")
            raise Refusal(APPROVER_UNSUITABLE, field="by", approver=approver, problem="has approved already")
        details: dict[str, Json] = {"plan": plan.digest, "faults": sorted(faults)}
        if work.records.count_approvals(identifier, plan.digest) < deps.policies.cross_certificates.approvers:
            record(deps, work, agreement, approver, action="approve", details=details)
            return get_in(work.records, identifier)
        return advance(deps, work, agreement, "agree", approver, details=details)


def _check_approver(agreement: Agreement, approver: str) -> None:
    after(agreement.kind, agreement.state, "approve")
    if person_of(approver) == person_of(agreement.requested_by):
        raise Refusal(APPROVER_UNSUITABLE, field="by", approver=approver, problem="the requester")


def reject(deps: CrosscertDeps, identifier: str, *, actor: str) -> Agreement:
    """End a request that was not issued yet."""
    with deps.work.begin() as work:
        return advance(deps, work, get_in(work.records, identifier), "reject", who(actor))


def _expected(agreement: Agreement) -> str:
    """Return what the other side reads out; a CA that is no node publishes the SHA-256 of its root."""
    return parse_certificate(agreement.principal).sha256 if agreement.kind == "outside" else agreement.code


def _bare(code: str) -> bytes:
    """Return a code as it was meant: groups, colons, small and full-width letters make no difference."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", code).upper()).encode()
