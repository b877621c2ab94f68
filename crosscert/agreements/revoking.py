"""Revoking a cross-certificate: by one admin at once, looked over by another within a day.

Left to others: what breaks by it (``plans``), publishing lists (``pki``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from crosscert.agreements.states import TRANSITIONS, after
from crosscert.agreements.steps import advance, get, get_in, list_agreements, record
from crosscert.errors import REVIEWER_UNSUITABLE
from crosscert.federation import push
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement
from kernel.errors import Refusal
from kernel.people import person_of, who
from pki import authority
from pki.errors import CERTIFICATE_REVOKED_ALREADY
from pki.records import Reason


def revoke(deps: CrosscertDeps, identifier: str, *, actor: str, reason: Reason = "cessation_of_operation") -> Agreement:
    """Revoke what was issued to the agreement's peer, publish that and send it to all peers. Repeated after a crash it finishes.

    While one certificate takes the place of another both stand: both go, or the peer would stay trusted by the other one.
    What was asked for in their place is rejected.
    """
    actor, agreement = who(actor), get(deps, identifier)
    after(agreement.kind, agreement.state, "revoke")
    for each in standing_with(deps, agreement):
        withdraw(deps, each, reason, actor=actor)
        with deps.work.begin() as work:
            advance(deps, work, each, "revoke", actor, details={"serial": each.serial, "reason": reason})
            work.records.raise_generation()
    _reject_successors(deps, agreement, actor)
    push.deliver(deps)
    return get(deps, identifier)


def _reject_successors(deps: CrosscertDeps, agreement: Agreement, actor: str) -> None:
    """End what was on its way to take the place of what is revoked: the peer is to ask anew."""
    for each in list_agreements(deps, peer_code=agreement.peer.code):
        if each.kind == agreement.kind and each.replaces is not None and "reject" in TRANSITIONS[each.kind].get(each.state, {}):
            with deps.work.begin() as work:
                advance(deps, work, each, "reject", actor, details={"revoked": agreement.identifier})


def standing_with(deps: CrosscertDeps, agreement: Agreement) -> Sequence[Agreement]:
    """Return the agreement and those by which its peer would stay certified without it."""
    found = list_agreements(deps, peer_code=agreement.peer.code)
    return [each for each in found if each.state == "issued" and each.kind == agreement.kind]


def review(deps: CrosscertDeps, identifier: str, *, reviewer: str) -> Agreement:
    """Record that somebody else than the one who revoked has looked the revocation over."""
    reviewer = who(reviewer)
    with deps.work.begin() as work:
        agreement = get_in(work.records, identifier)
        after(agreement.kind, agreement.state, "review")
        if agreement.ended_by is not None and person_of(reviewer) == person_of(agreement.ended_by):
            raise Refusal(REVIEWER_UNSUITABLE, field="by", reviewer=reviewer, problem="revoked it")
        if not work.records.review_agreement(identifier, by=reviewer, at=deps.clock.now()):
            raise Refusal(REVIEWER_UNSUITABLE, field="by", reviewer=reviewer, problem="it is reviewed already")
        record(deps, work, agreement, reviewer, action="review")
        return get_in(work.records, identifier)


def review_until(deps: CrosscertDeps, agreement: Agreement) -> datetime | None:
    """Return until when a revocation must be reviewed; None for all others and for one that is."""
    if agreement.state != "revoked" or agreement.ended_at is None or agreement.reviewed_at is not None:
        return None
    return agreement.ended_at + timedelta(seconds=deps.policies.cross_certificates.review_seconds)


def overdue_reviews(deps: CrosscertDeps) -> Sequence[Agreement]:
    """Return the revocations that nobody has looked over in time."""
    now = deps.clock.now()
    waiting = ((each, review_until(deps, each)) for each in list_agreements(deps))
    return [each for each, until in waiting if until is not None and until <= now]


def withdraw(deps: CrosscertDeps, agreement: Agreement, reason: Reason, *, actor: str) -> None:
    """Let the CA revoke an agreement's certificate and publish that, unless it has."""
    if agreement.serial is None:
        message = f"agreement {agreement.identifier} is issued without a certificate"
        raise ValueError(message)
    try:
        authority.revoke(deps.pki, agreement.serial, reason, deps.clock.now(), actor=actor)
    except Refusal as refusal:
        if refusal.error is not CERTIFICATE_REVOKED_ALREADY:
            raise
