"""Mandates as the node stores them: giving, revoking and asking for them. One that is not as it was signed counts for nothing.

Left to others: the signed form (``documents``), who gives them (``appointing``, the command), what one lets somebody do (``tokens``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from idp.enterprises import documents
from idp.enterprises.errors import MANDATE_UNKNOWN, MANDATE_UNSUITABLE
from idp.people import accounts
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, Mandate
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.identifiers import is_uscc
from kernel.randomness import token


def find(deps: IdpDeps, *, agent: str, organization: str, department: str, powers: Iterable[str], at: datetime) -> Mandate | None:
    """Return a mandate by which account ``agent`` may act for account ``organization`` towards ``department`` with all ``powers``."""
    wanted = frozenset(powers)
    with deps.work.look() as work:
        found = work.records.mandates(organization_id=organization, agent_id=agent)
    fitting = (one for one in found if department in one.departments and wanted <= frozenset(one.powers))
    return next((one for one in fitting if wanted and one.is_in_force(at) and _is_as_signed(deps, one)), None)


def find_standing(work: IdpWork, deps: IdpDeps, mandate_id: str, at: datetime) -> tuple[Mandate, AccountRecord] | None:
    """Return a mandate that counts, with the organisation's account; None when it does not (any more)."""
    mandate = work.records.find_mandate(mandate_id)
    if mandate is None or not mandate.is_in_force(at) or not _is_as_signed(deps, mandate):
        return None
    organization = work.records.find_account(mandate.organization_id)
    return None if organization is None or organization.disabled_at is not None else (mandate, organization)


def _is_as_signed(deps: IdpDeps, mandate: Mandate) -> bool:
    try:
        documents.verify(deps, mandate)
    except Refusal:
        return False
    return True


def prepare(
    deps: IdpDeps,
    organization: Account,
    agent: Account,
    *,
    departments: tuple[str, ...],
    powers: tuple[str, ...],
    valid_from: datetime,
    valid_until: datetime,
) -> Mandate:
    """Return the mandate that could be given, signed; ``Refusal(mandate_unsuitable)`` naming the field."""
    now = deps.clock.now()
    if organization.kind != "enterprise" or organization.disabled_at:
        raise unsuitable(field="organization", zh="不是单位账号", en="no organisation's account")
    if agent.kind != "citizen" or agent.disabled_at:
        raise unsuitable(field="agent", zh="不是个人账号", en="no citizen's account")
    check_terms(deps, departments, powers, valid_from=valid_from, valid_until=valid_until)
    mandate = Mandate(
        id=token(16),
        organization_id=organization.id,
        agent_id=agent.id,
        departments=tuple(dict.fromkeys(departments)),
        powers=tuple(dict.fromkeys(powers)),
        valid_from=valid_from,
        valid_until=valid_until,
        created_at=now,
    )
    return replace(mandate, document=documents.sign(deps, mandate, organization, agent))


def check_terms(
    deps: IdpDeps, departments: tuple[str, ...], powers: tuple[str, ...], *, valid_from: datetime, valid_until: datetime
) -> None:
    """Refuse what no mandate can say, naming the field."""
    if not departments or not all(map(is_uscc, departments)):
        raise unsuitable(field="departments", zh="须为统一社会信用代码", en="unified social credit codes")
    if not powers or not set(powers) <= set(deps.policies.assurance.organizations.powers):
        raise unsuitable(field="powers", zh="为空或含有未知项", en="empty, or one that policies do not let mandates give")
    if not max(valid_from, deps.clock.now()) < valid_until:
        raise unsuitable(field="until", zh="不晚于开始时间或已过去", en="not after its beginning, or past")


def unsuitable(*, field: str, zh: str, en: str) -> Refusal:
    """Return the refusal of a mandate because of one of its fields."""
    return Refusal(MANDATE_UNSUITABLE, field=field, name=field, problem_zh=zh, problem_en=en)


def give(deps: IdpDeps, mandate: Mandate, *, actor: str) -> None:
    """Store a mandate that was prepared."""
    with deps.work.begin() as work:
        give_within(work, mandate, actor=actor)


def give_within(work: IdpWork, mandate: Mandate, *, actor: str) -> None:
    """Do what :func:`give` does as part of a larger change."""
    details: dict[str, Json] = {
        "mandate": mandate.id,
        "agent": f"account:{mandate.agent_id}",
        "departments": list(mandate.departments),
        "powers": list(mandate.powers),
    }
    target = f"account:{mandate.organization_id}"
    work.records.add_mandate(mandate)
    work.audit.record(AuditEvent(mandate.created_at, actor, "idp.add_mandate", target, details=details))


def get(deps: IdpDeps, mandate_id: str) -> Mandate:
    """Return a mandate that was not revoked; ``Refusal(mandate_unknown)``."""
    with deps.work.read() as work:
        mandate = work.records.find_mandate(mandate_id)
    if mandate is None or mandate.revoked_at is not None:
        raise Refusal(MANDATE_UNKNOWN)
    return mandate


def revoke(deps: IdpDeps, mandate_id: str, *, actor: str) -> None:
    """Revoke a mandate: from now on it gives nothing, and tokens that it gave don't count any more."""
    now = deps.clock.now()
    mandate = get(deps, mandate_id)
    with deps.work.begin() as work:
        if not revoke_within(work, mandate, actor=actor, now=now):
            raise Refusal(MANDATE_UNKNOWN)


def revoke_within(work: IdpWork, mandate: Mandate, *, actor: str, now: datetime) -> bool:
    """Do what :func:`revoke` does as part of a larger change; False when it was revoked before.

    What departments were given by it ends with it, and they are owed a logout of the sessions in which its agent acts.
    """
    if not work.records.revoke_mandate(mandate.id, now):
        return False
    details: dict[str, Json] = {"mandate": mandate.id, "grants": work.records.end_acting(mandate.id, now)}
    work.audit.record(AuditEvent(now, actor, "idp.revoke_mandate", f"account:{mandate.organization_id}", details=details))
    return True


def end_over(deps: IdpDeps) -> int:
    """End what stands by mandates that are over, so that departments hear of it; it counts for nothing already. Return how many grants."""
    now, ended = deps.clock.now(), 0
    with deps.work.read() as work:
        over = work.records.over_mandates(now)
    for mandate_id in over:
        with deps.work.begin() as work:
            grants = work.records.end_acting(mandate_id, now)
            details: dict[str, Json] = {"grants": grants}
            work.audit.record(AuditEvent(now, "system", "idp.mandate_over", f"mandate:{mandate_id}", details=details))
        ended += grants
    return ended


def listed(deps: IdpDeps, organization_id: str | None = None) -> Sequence[Mandate]:
    """Return all mandates, or those of one organisation, oldest first."""
    with deps.work.read() as work:
        return work.records.mandates(organization_id=organization_id)


def parties(deps: IdpDeps, mandate: Mandate) -> tuple[Account | None, Account | None]:
    """Return the accounts of organisation and agent."""
    with deps.work.read() as work:
        found = [work.records.find_account(one) for one in (mandate.organization_id, mandate.agent_id)]
    organization, agent = (None if one is None else accounts.open_record(deps, one) for one in found)
    return organization, agent
