"""Whoever the register of legal persons names as an organisation's representative (法定代表人) takes charge of it here, and loses it so.

To claim an organisation:

1. The account is a person's, proven well enough, and freshly logged in. The try is counted.
2. The register is asked. An unknown code and another's organisation are one answer.
3. The organisation's account is made, or found by its code; its name is the register's.
4. Whoever represented it before is out: their mandates and offers end, and so does whatever else let somebody log in as the organisation.

The worker asks the register again (:func:`check_due`); a representative who is none any more is out in the same way.

Left to others: giving mandates (``appointing``), how the register is asked (``registers``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from idp import notices
from idp.authenticators.changing import check_fresh
from idp.browsers.sessions import Current
from idp.enterprises import mandates
from idp.enterprises.errors import (
    LEVEL_TOO_LOW,
    NOT_REPRESENTATIVE,
    ORGANIZATION_NOT_ACTIVE,
    ORGANIZATION_REGISTER_MISSING,
    ORGANIZATION_UNKNOWN,
)
from idp.errors import ACCOUNT_EXISTS
from idp.people import proofing, throttle
from idp.people.accounts import SUBJECT_PREFIX, open_record, seal
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, Representative
from idp.registers.errors import REGISTER_AWAY
from idp.registers.ports import LegalPerson
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.identifiers import is_uscc
from kernel.randomness import token
from kernel.text import normal_form

_AT_ONCE = 100
_AGAIN, _AWAY = timedelta(hours=1), 3
"""When whoever the register gave no answer about is asked about again, and after how many of them in a run it is away."""
_LEVEL = 3
"""Name and number of an organisation are matched with a register (广东省实名等级)."""

_NO_LONGER = (NOT_REPRESENTATIVE, ORGANIZATION_NOT_ACTIVE)

_log = structlog.get_logger()


def claim(deps: IdpDeps, current: Current, uscc: str, *, address: str) -> Account:
    """Put an organisation into the hands of whoever is logged in, if the register says that they represent it; return its account."""
    # 1. May they try?
    account, uscc = current.account, normal_form(uscc).upper()
    check_level(account, deps.policies.assurance.organizations.representative_level)
    check_fresh(deps, current)
    attempt = throttle.take(deps, account=f"organization:{account.id}", address=address)
    # 2. Are they?
    try:
        entry = verify_representative(account, _ask(deps, uscc))
    except Refusal as refusal:
        if refusal.error in {REGISTER_AWAY, ORGANIZATION_REGISTER_MISSING}:  # no fault of theirs
            with deps.work.note() as work:
                attempt.give_back(work)
        raise
    now = deps.clock.now()
    with deps.work.begin() as work:
        attempt.forget(work)
        # 3. The account.
        organization = _put_account(work, deps, uscc, entry.name)
        # 4. Who was it before?
        before = work.records.find_representative(organization.id)
        if before is not None and before.account_id != account.id:
            _dismiss(work, deps, before, organization, actor=f"account:{account.id}")
        since = before.since if before is not None and before.account_id == account.id else now
        work.records.put_representative(Representative(organization.id, account.id, since, now))
        target = f"account:{organization.id}"
        work.audit.record(AuditEvent(now, f"account:{account.id}", "idp.claim_organization", target, details={"uscc": uscc}))
        notices.tell(work, deps, account.id, "organization_claimed", now, organization=organization.name)
    return organization


def check_level(account: Account, needed: int) -> None:
    """Refuse whoever is no citizen who was proven well enough."""
    if account.kind != "citizen" or account.resident_id is None or account.real_name_level < needed:
        raise Refusal(LEVEL_TOO_LOW, needed=needed, reached=account.real_name_level)


def verify_representative(account: Account, entry: LegalPerson | None) -> LegalPerson:
    """Return the register's entry if it names this very person, by name and number, for an organisation that is active; or refuse."""
    known = (normal_form(account.name), account.resident_id)
    if entry is None or (entry.representative_name, entry.representative_id.upper()) != known:
        raise Refusal(NOT_REPRESENTATIVE, field="uscc")
    if entry.status != "active":
        raise Refusal(ORGANIZATION_NOT_ACTIVE, field="uscc")
    return entry


def get_represented(deps: IdpDeps, current: Current, organization_id: str) -> Account:
    """Return the account of an organisation that whoever is logged in represents; another's and an unknown one are one answer."""
    with deps.work.read() as work:
        return get_represented_within(work, deps, current, organization_id)


def get_represented_within(work: IdpWork, deps: IdpDeps, current: Current, organization_id: str) -> Account:
    """Do what :func:`get_represented` does as part of a larger change."""
    found = work.records.find_representative(organization_id)
    record = None if found is None or found.account_id != current.account.id else work.records.find_account(organization_id)
    if record is None or record.disabled_at is not None:
        raise Refusal(ORGANIZATION_UNKNOWN)
    return open_record(deps, record)


def close_own_login(deps: IdpDeps, current: Current, organization_id: str) -> None:
    """Let nobody log in as the organisation itself any more, by whatever an admin once gave to somebody: its agents act for it."""
    check_fresh(deps, current)
    now = deps.clock.now()
    with deps.work.begin() as work:
        organization = get_represented_within(work, deps, current, organization_id)
        _close_own_login(work, deps, organization, now)
        target = f"account:{organization.id}"
        work.audit.record(AuditEvent(now, f"account:{current.account.id}", "idp.close_own_login", target))


def ask_again(deps: IdpDeps, current: Current, organization: Account) -> None:
    """Refuse unless the register still names whoever is logged in: before a mandate is given, not only when the worker comes by."""
    try:
        verify_representative(current.account, _ask(deps, organization.uscc or ""))
    except Refusal as refusal:
        if refusal.error in _NO_LONGER:
            _end(deps, organization.id, current.account.id)
        raise


def check_due(deps: IdpDeps) -> int:
    """Ask the register about those of whom it was not asked for a while; return how many represent their organisation no longer.

    A register that is away takes nobody out, and is left in peace until the next run. Whom it gave no answer about is asked about again in
    an hour: an entry that cannot be read must not keep all others from being asked about.
    """
    ended = failed = 0
    since = deps.clock.now() - timedelta(hours=deps.policies.assurance.organizations.checked_hours)
    while deps.registers.legal_persons is not None:
        with deps.work.read() as work:
            due = work.records.unchecked_representatives(since, limit=_AT_ONCE)
        for one in due:
            try:
                ended += _check(deps, one)
            except Refusal as refusal:
                _log.warning("representatives_not_checked", code=refusal.code)
                _note_asked(deps, one, since + _AGAIN)
                failed += 1
                if failed == _AWAY:
                    return ended
        if not due:
            break
    return ended


def _check(deps: IdpDeps, one: Representative) -> bool:
    with deps.work.read() as work:
        records = [work.records.find_account(account_id) for account_id in (one.organization_id, one.account_id)]
    organization, account = (None if record is None else open_record(deps, record) for record in records)
    if organization is not None and account is not None:
        try:
            verify_representative(account, _ask(deps, organization.uscc or ""))
        except Refusal as refusal:
            if refusal.error not in _NO_LONGER:
                raise
        else:
            _note_asked(deps, one, deps.clock.now())
            return False
    _end(deps, one.organization_id, one.account_id)
    return True


def _note_asked(deps: IdpDeps, one: Representative, at: datetime) -> None:
    with deps.work.begin() as work:
        if work.records.find_representative(one.organization_id) == one:
            work.records.put_representative(replace(one, checked_at=at))


def _end(deps: IdpDeps, organization_id: str, account_id: str) -> None:
    """Take this one out: whoever claimed the organisation while the register was asked is another."""
    with deps.work.begin() as work:
        found = work.records.find_representative(organization_id)
        record = work.records.find_account(organization_id)
        if found is not None and found.account_id == account_id and record is not None:
            _dismiss(work, deps, found, open_record(deps, record), actor="system")


def give_up(work: IdpWork, deps: IdpDeps, account_id: str, *, actor: str) -> None:
    """End all that an account gave as anybody's representative, and the mandates that it holds: it is closed, or was never the person's."""
    for one in work.records.represented(account_id):
        record = work.records.find_account(one.organization_id)
        if record is not None:
            _dismiss(work, deps, one, open_record(deps, record), actor=actor)
    for mandate in work.records.mandates(agent_id=account_id):
        mandates.revoke_within(work, mandate, actor=actor, now=deps.clock.now())


def _dismiss(work: IdpWork, deps: IdpDeps, before: Representative, organization: Account, *, actor: str) -> None:
    """End all that a representative gave, and every other way into the organisation's account that they may know."""
    if not work.records.remove_representative(before):
        return
    now = deps.clock.now()
    ended = 0
    for mandate in work.records.mandates(organization_id=organization.id):
        if mandate.valid_until > now and mandates.revoke_within(work, mandate, actor=actor, now=now):
            notices.tell(work, deps, mandate.agent_id, "mandate_ended", now, organization=organization.name)
            ended += 1
    for offer in work.records.offers(now, organization_id=organization.id):
        work.records.take_offer(offer.id)
    _close_own_login(work, deps, organization, now)
    details: dict[str, Json] = {"representative": f"account:{before.account_id}", "mandates": ended}
    work.audit.record(AuditEvent(now, actor, "idp.dismiss_representative", f"account:{organization.id}", details=details))
    notices.tell(work, deps, before.account_id, "organization_lost", now, organization=organization.name)


def _close_own_login(work: IdpWork, deps: IdpDeps, organization: Account, now: datetime) -> None:
    for authenticator in work.records.authenticators(organization.id):
        work.records.remove_authenticator(authenticator.id)
    work.records.end_sessions(organization.id, now)
    work.records.put_person(seal(deps, replace(organization, phone=None, email=None, confirmed=()), now))  # nor by recovery


def _put_account(work: IdpWork, deps: IdpDeps, uscc: str, name: str) -> Account:
    now = deps.clock.now()
    index = deps.vault.index(uscc, "idp.holder")
    found = work.records.find_holder(index)
    if found is not None:
        organization = open_record(deps, found)
        if organization.kind != "enterprise" or organization.disabled_at is not None:
            raise Refusal(ORGANIZATION_NOT_ACTIVE, field="uscc")
        if organization.name != name:
            organization = replace(organization, name=name)
            work.records.put_person(seal(deps, organization, now))
        return organization
    organization = Account(
        id=SUBJECT_PREFIX + token(16),
        username=uscc.casefold(),
        kind="enterprise",
        name=name,
        uscc=uscc,
        real_name_level=_LEVEL,
        organization=name,
        created_at=now,
        updated_at=now,
    )
    if not work.records.add_account(seal(deps, organization, now)):  # claimed in another tab, or the username is another's
        found = work.records.find_holder(index)
        if found is None:
            raise Refusal(ACCOUNT_EXISTS, field="uscc")
        return open_record(deps, found)
    work.records.add_verification(proofing.evidence(deps, organization, "register", actor="system"))
    return organization


def _ask(deps: IdpDeps, uscc: str) -> LegalPerson | None:
    register = deps.registers.legal_persons
    if register is None:
        raise Refusal(ORGANIZATION_REGISTER_MISSING)
    return register.find(uscc) if is_uscc(uscc) else None
