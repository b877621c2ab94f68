"""The plan that an agreement's approvals are bound to, and what revoking it would break.

Left to others: computing them (``plan``), showing them (``service.cli``).
"""

from __future__ import annotations

from datetime import datetime

from crosscert.agreements.revoking import standing_with
from crosscert.agreements.steps import get
from crosscert.material import Material, gather
from crosscert.plan import plan_issue, plan_revoke
from crosscert.plan_format import Plan
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement


def plan_of(deps: CrosscertDeps, agreement: Agreement) -> Plan:
    """Return what the agreement's cross-certificate would make valid and break, as the graph is now.

    Looked at, approved twice and issued in one go it is computed once: it is kept for a minute while the graph stays the same.
    """
    now = deps.clock.now()
    material = gather(deps, now)
    key = (material, agreement.identifier, now.replace(second=0, microsecond=0))
    kept: tuple[tuple[Material, str, datetime], Plan] | None = deps.kept.get("plan")
    if kept is not None and kept[0][0] is material and kept[0][1:] == key[1:]:
        return kept[1]
    old = None if agreement.replaces is None else get(deps, agreement.replaces)
    instead_of = old.serial if old is not None and old.state == "issued" else None
    plan = plan_issue(
        deps,
        agreement.constraints,
        agreement.principal,
        now,
        offers=agreement.offers,
        instead_of=instead_of,
        peer=agreement.peer,
    )
    deps.kept["plan"] = (key, plan)
    return plan


def plan_of_revocation(deps: CrosscertDeps, agreement: Agreement) -> Plan | None:
    """Return what breaks when the agreement is revoked, with all that go together with it; None when no certificate was issued."""
    if agreement.serial is None:
        return None
    serials = {each.serial for each in standing_with(deps, agreement) if each.serial is not None}
    return plan_revoke(deps, agreement.serial, deps.clock.now(), also=sorted(serials - {agreement.serial}))
