"""A representative appoints agents (经办人), who accept or refuse; both can end it.

An agent is named by name and resident ID, and nobody learns whether there is an account of that number: the mandate waits for whoever
proves to be that person (``offers``). Each step is bound to whose it is; what is another's is as unknown as what does not exist.

1. The representative says who, towards which departments, with which powers, until when; freshly logged in, and asked of the register anew.
2. It waits as an offer, for some days. To the representative themselves it is given at once.
3. The agent accepts: name and number are those of their account, which was proven well enough. One conditional statement takes the offer.
4. The mandate is signed and counts from then on.

Left to others: what a mandate is (``mandates``), who represents whom (``representing``), the pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp import notices
from idp.authenticators.changing import check_fresh
from idp.browsers.sessions import Current
from idp.enterprises import mandates
from idp.enterprises.errors import AGENT_UNSUITABLE, MANDATE_UNKNOWN, MANDATES_FULL, OFFER_OVER
from idp.enterprises.offers import Offer, seal, waiting_for
from idp.enterprises.overview import departments
from idp.enterprises.representing import ask_again, check_level, get_represented, get_represented_within
from idp.people.accounts import open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, Mandate, MandateOffer
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.identifiers import is_resident_id
from kernel.randomness import token
from kernel.text import find_unwanted_character, normal_form

_MOST = 200
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Appointment:
    """What a representative fills in. ``until`` is the first moment at which it is over."""

    name: str = field(repr=False)
    resident_id: str = field(repr=False)
    departments: tuple[str, ...]
    powers: tuple[str, ...]
    until: datetime


def appoint(deps: IdpDeps, current: Current, organization_id: str, wanted: Appointment) -> None:
    """Offer a mandate, or give it to oneself at once; ``Refusal`` naming the field."""
    # 1. Who, what, until when; and may they still?
    organization = get_represented(deps, current, organization_id)
    check_fresh(deps, current)
    name, number = _check_agent(wanted)
    _check_terms(deps, wanted)
    ask_again(deps, current, organization)
    now = deps.clock.now()
    rules = deps.policies.assurance.organizations
    offer_id, agent_index = token(16), deps.vault.index(number, "idp.holder")
    offer = MandateOffer(
        id=offer_id,
        organization_id=organization.id,
        agent_index=agent_index,
        agent=seal(deps, offer_id, name, number),
        departments=tuple(dict.fromkeys(wanted.departments)),
        powers=tuple(dict.fromkeys(wanted.powers)),
        valid_until=wanted.until,
        created_at=now,
        expires_at=min(now + timedelta(days=rules.offer_days), wanted.until),
    )
    to_oneself = (name, number) == (normal_form(current.account.name), current.account.resident_id)
    mandate = _sign(deps, offer, organization, current.account) if to_oneself else None
    with deps.work.begin() as work:
        organization = get_represented_within(work, deps, current, organization_id)
        _check_room(work, organization, now)
        # 2. It waits.
        if mandate is not None:
            mandates.give_within(work, mandate, actor=f"account:{current.account.id}")
            return
        work.records.add_offer(offer)
        details: dict[str, Json] = {"offer": offer.id, "departments": list(offer.departments), "powers": list(offer.powers)}
        work.audit.record(
            AuditEvent(now, f"account:{current.account.id}", "idp.offer_mandate", f"account:{organization.id}", details=details)
        )
        agent = work.records.find_holder(agent_index)
        if agent is not None and normal_form(open_record(deps, agent).name) == name:
            notices.tell(work, deps, agent.id, "mandate_offered", now, organization=organization.name)


def accept(deps: IdpDeps, current: Current, offer_id: str) -> None:
    """Accept what was offered to whoever is logged in."""
    # 3. Are they who was meant?
    check_level(current.account, deps.policies.assurance.organizations.agent_level)
    check_fresh(deps, current)
    with deps.work.read() as work:
        own = _find_own(work, deps, current, offer_id)
    # 4. Signed; it counts once the offer is taken, by nobody else and by no withdrawal meanwhile.
    mandate = _sign(deps, own.record, own.organization, current.account)
    with deps.work.begin() as work:
        found = work.records.find_representative(own.organization.id)
        if found is None or work.records.take_offer(offer_id) is None:
            raise Refusal(OFFER_OVER)
        mandates.give_within(work, mandate, actor=f"account:{current.account.id}")
        told = {"agent": current.account.name, "organization": own.organization.name}
        notices.tell(work, deps, found.account_id, "mandate_accepted", deps.clock.now(), **told)


def refuse(deps: IdpDeps, current: Current, offer_id: str) -> None:
    """Refuse what was offered to whoever is logged in."""
    with deps.work.begin() as work:
        own = _find_own(work, deps, current, offer_id)
        if work.records.take_offer(offer_id) is None:
            raise Refusal(OFFER_OVER)
        _close(work, deps, current, own.record, "idp.refuse_mandate")


def withdraw(deps: IdpDeps, current: Current, organization_id: str, offer_id: str) -> None:
    """Withdraw an offer of an organisation that one represents."""
    with deps.work.begin() as work:
        organization = get_represented_within(work, deps, current, organization_id)
        offer = work.records.take_offer(offer_id)
        if offer is None or offer.organization_id != organization.id:
            raise Refusal(OFFER_OVER)  # what was taken stays: the transaction is undone
        _close(work, deps, current, offer, "idp.withdraw_mandate")


def revoke(deps: IdpDeps, current: Current, organization_id: str, mandate_id: str) -> str:
    """Revoke a mandate of an organisation that one represents; return whose it was. No fresh login is asked for: it must go at once."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        organization = get_represented_within(work, deps, current, organization_id)
        mandate = work.records.find_mandate(mandate_id)
        if mandate is None or mandate.organization_id != organization.id:
            raise Refusal(MANDATE_UNKNOWN)
        if not mandates.revoke_within(work, mandate, actor=f"account:{current.account.id}", now=now):
            raise Refusal(MANDATE_UNKNOWN)
        notices.tell(work, deps, mandate.agent_id, "mandate_ended", now, organization=organization.name)
    return mandate.agent_id


def resign(deps: IdpDeps, current: Current, mandate_id: str) -> None:
    """Give back a mandate that one holds."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        mandate = work.records.find_mandate(mandate_id)
        if mandate is None or mandate.agent_id != current.account.id:
            raise Refusal(MANDATE_UNKNOWN)
        if not mandates.revoke_within(work, mandate, actor=f"account:{current.account.id}", now=now):
            raise Refusal(MANDATE_UNKNOWN)


def _sign(deps: IdpDeps, offer: MandateOffer, organization: Account, agent: Account) -> Mandate:
    terms = {"departments": offer.departments, "powers": offer.powers}
    now = deps.clock.now()
    return mandates.prepare(deps, organization, agent, **terms, valid_from=now, valid_until=offer.valid_until)


def _find_own(work: IdpWork, deps: IdpDeps, current: Current, offer_id: str) -> Offer:
    for one in waiting_for(work, deps, current.account, deps.clock.now()):
        if one.record.id == offer_id:
            return one
    raise Refusal(OFFER_OVER)


def _close(work: IdpWork, deps: IdpDeps, current: Current, offer: MandateOffer, action: str) -> None:
    target, details = f"account:{offer.organization_id}", {"offer": offer.id}
    work.audit.record(AuditEvent(deps.clock.now(), f"account:{current.account.id}", action, target, details=details))


def _check_agent(wanted: Appointment) -> tuple[str, str]:
    name, number = normal_form(wanted.name), normal_form(wanted.resident_id).upper()
    if not name or len(name) > _MAX_NAME or find_unwanted_character(name):
        raise _unsuitable(field="name", zh="为空、太长或含有控制字符", en="empty, too long or with control characters")
    if not is_resident_id(number):
        raise _unsuitable(field="resident_id", zh="校验位不对", en="its check character is wrong")
    return name, number


def _check_terms(deps: IdpDeps, wanted: Appointment) -> None:
    longest = timedelta(days=deps.policies.assurance.organizations.longest_days)
    if wanted.until > deps.clock.now() + longest:
        raise mandates.unsuitable(field="until", zh=f"超过{longest.days}天", en=f"more than {longest.days} days away")
    if not set(wanted.departments) <= departments(deps).keys():
        raise mandates.unsuitable(field="departments", zh="不是本节点的部门", en="no departments of this node")
    mandates.check_terms(deps, wanted.departments, wanted.powers, valid_from=deps.clock.now(), valid_until=wanted.until)


def _check_room(work: IdpWork, organization: Account, now: datetime) -> None:
    standing = [one for one in work.records.mandates(organization_id=organization.id) if one.is_in_force(now)]
    if len(standing) + len(work.records.offers(now, organization_id=organization.id)) >= _MOST:
        raise Refusal(MANDATES_FULL, limit=_MOST)


def _unsuitable(*, field: str, zh: str, en: str) -> Refusal:
    return Refusal(AGENT_UNSUITABLE, field=field, name=field, problem_zh=zh, problem_en=en)
