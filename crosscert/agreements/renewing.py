"""A cross-certificate takes the place of another: the same limits or narrower ones, the new one public before the old one goes.

1. ``renew`` asks for it: the peer and its key are known, so nothing is compared anew; two admins approve as ever.
2. ``issuing`` issues it: from then on both stand.
3. ``supersede_due`` withdraws the old one when everybody has had time to fetch the new one.

Left to others: another key or wider limits, which need the other side's new request (``asking.take``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from crosscert.agreements.revoking import withdraw
from crosscert.agreements.states import after
from crosscert.agreements.steps import advance, get, list_agreements, new_identifier, record
from crosscert.constraints import check_not_wider, constraints_for
from crosscert.errors import AGREEMENT_OPEN
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement, Constraints
from kernel.errors import Refusal
from kernel.people import who
from policies.certificates import policy_oid


def renew(deps: CrosscertDeps, identifier: str, constraints: Constraints, *, requester: str) -> Agreement:
    """Record that a new cross-certificate with ``constraints`` is to take the place of an agreement's present one.

    ``Refusal`` for constraints that are wider than the present ones or than today's rules, and when a request is open.
    """
    requester = who(requester)
    present = get(deps, identifier)
    after(present.kind, present.state, "renew")
    check_not_wider(constraints, replace(present.constraints, validity_days=deps.policies.cross_certificates.max_validity_days))
    if present.kind == "node":
        rules = constraints_for(deps.policies, deps.node, present.peer)
        check_not_wider(constraints, replace(rules, permitted_names=present.constraints.permitted_names))
    agreement = replace(
        present,
        identifier=new_identifier(),
        state="compared",
        requested_by=requester,
        requested_at=deps.clock.now(),
        constraints=constraints,
        approvals=(),
        replaces=present.identifier,
        attempt=0,
        serial=None,
        certificate=None,
        issued_at=None,
    )
    with deps.work.begin() as work:
        if not work.records.add_agreement(agreement):
            raise Refusal(AGREEMENT_OPEN, code=agreement.peer.code)
        record(deps, work, agreement, requester, action="renew", details={"replaces": present.identifier})
    return agreement


def keep_levels(deps: CrosscertDeps, constraints: Constraints, levels: Sequence[str]) -> Constraints:
    """Return the constraints with these levels of the ones that they map."""
    ours = {policy_oid(deps.policies, deps.node.code, level) for level in levels}
    return replace(
        constraints,
        policies=tuple(oid for oid in constraints.policies if oid in ours),
        mappings=tuple(pair for pair in constraints.mappings if pair[0] in ours),
    )


def supersede_due(deps: CrosscertDeps) -> Sequence[Agreement]:
    """Withdraw the cross-certificates whose replacements have been public for long enough; return their agreements."""
    overlap = timedelta(seconds=deps.policies.cross_certificates.overlap_seconds)
    ended = []
    for agreement in list_agreements(deps):
        if agreement.state != "issued" or agreement.replaces is None or agreement.issued_at is None:
            continue
        old = get(deps, agreement.replaces)
        if old.state == "issued" and agreement.issued_at + overlap <= deps.clock.now():
            withdraw(deps, old, "superseded", actor="system")
            with deps.work.begin() as work:
                ended.append(advance(deps, work, old, "supersede", "system", details={"by": agreement.identifier}))
                work.records.raise_generation()
    return ended
