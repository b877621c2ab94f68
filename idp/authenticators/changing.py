"""Changing what one logs in with: who may, now; what is always left; and that the owner is told of it.

1. The login is fresh, and as sure as the account's strongest authenticator: nobody climbs from a weak one to a strong one.
2. Changes of one account wait for each other, so that two cannot each remove the other's last resort.
3. What remains reaches what accounts of this kind must reach.
4. Change, audit event and notice commit together.

Left to others: what a new authenticator must prove before it counts (``passwords``, ``totp``, ``recovery``, ``passkeys``,
``certificates``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from idp import notices
from idp.authenticators import reach
from idp.authenticators.errors import (
    AUTHENTICATOR_GONE,
    AUTHENTICATOR_NAME,
    AUTHENTICATOR_NEEDED,
    AUTHENTICATORS_FULL,
    FRESH_LOGIN_NEEDED,
)
from idp.browsers.sessions import Current
from idp.ports import IdpDeps, IdpWork
from idp.records import Authenticator
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.text import find_unwanted_character, normal_form
from policies import assurance

_MAX_NAME = 40
_MOST = 20


def listed(deps: IdpDeps, account_id: str) -> tuple[Sequence[Authenticator], int]:
    """Return an account's authenticators, oldest first, and how many recovery codes are left."""
    with deps.work.read() as work:
        authenticators = work.records.authenticators(account_id)
        return authenticators, sum(work.records.count_recovery_codes(one.id) for one in authenticators if one.kind == "recovery")


def get(deps: IdpDeps, current: Current, authenticator_id: str) -> Authenticator:
    """Return one of one's own authenticators."""
    with deps.work.read() as work:
        return _get(work.records.authenticators(current.account.id), authenticator_id)


def check_fresh(deps: IdpDeps, current: Current) -> None:
    """Refuse unless whoever is logged in may change authenticators now."""
    with deps.work.read() as work:
        _check_fresh(deps, current, work.records.authenticators(current.account.id))


def _check_fresh(deps: IdpDeps, current: Current, authenticators: Sequence[Authenticator]) -> None:
    policies = deps.policies.assurance
    until = current.session.auth_time + timedelta(seconds=policies.change_within_seconds)
    rank = assurance.get_level(policies, current.session.acr).rank
    now = deps.clock.now()
    if now >= until or rank < reach.strongest_rank(policies, authenticators, now):
        raise Refusal(FRESH_LOGIN_NEEDED, minutes=policies.change_within_seconds // 60)


@contextmanager
def change(deps: IdpDeps, current: Current) -> Iterator[tuple[IdpWork, Sequence[Authenticator]]]:
    """Open the transaction of a change, with the account's authenticators as they are: steps 1 and 2."""
    with deps.work.begin() as work:
        work.records.lock_account(current.account.id)
        authenticators = work.records.authenticators(current.account.id)
        _check_fresh(deps, current, authenticators)
        yield work, authenticators


def add(work: IdpWork, deps: IdpDeps, current: Current, others: Sequence[Authenticator], new: Authenticator) -> None:
    """Add an authenticator that has proven itself."""
    if len(others) >= _MOST:
        raise Refusal(AUTHENTICATORS_FULL, limit=_MOST)
    if not work.records.add_authenticator(new):
        raise Refusal(AUTHENTICATOR_NAME, field="name")
    note(work, deps, current, "idp.add_authenticator", new, told=f"{new.kind}_added", now=new.created_at)


def rename(deps: IdpDeps, current: Current, authenticator_id: str, name: str) -> None:
    """Give one of one's own authenticators another name."""
    wanted = check_name(name)
    with change(deps, current) as (work, authenticators):
        one = _get(authenticators, authenticator_id)
        if any(other.kind == one.kind and other.name == wanted and other.id != one.id for other in authenticators):
            raise Refusal(AUTHENTICATOR_NAME, field="name")
        work.records.rename_authenticator(one.id, wanted)
        note(work, deps, current, "idp.rename_authenticator", replace(one, name=wanted), told=None, now=deps.clock.now())


def remove(deps: IdpDeps, current: Current, authenticator_id: str) -> None:
    """Remove one of one's own authenticators; ``Refusal`` when the account could then not log in as surely as it must."""
    policies = deps.policies.assurance
    with change(deps, current) as (work, authenticators):
        one = _get(authenticators, authenticator_id)
        # 3. What remains is enough.
        # A certificate comes to its end by itself, so nothing is left to it.
        remaining = [other for other in authenticators if other.id != one.id and other.kind != "certificate"]
        if reach.strongest_rank(policies, remaining, deps.clock.now()) < assurance.least_rank(policies, current.account.kind):
            raise Refusal(AUTHENTICATOR_NEEDED, length=policies.password.min_length_alone)
        # 4. All together.
        work.records.remove_authenticator(one.id)
        note(work, deps, current, "idp.remove_authenticator", one, told=f"{one.kind}_removed", now=deps.clock.now())


def note(
    work: IdpWork, deps: IdpDeps, current: Current, action: str, one: Authenticator, *, told: str | None, now: datetime
) -> None:
    """Write the audit event of a change and, unless ``told`` is None, the notice of that kind."""
    who = f"account:{current.account.id}"
    details = {"authenticator": one.id, "kind": one.kind, "session": current.session.id}
    work.audit.record(AuditEvent(now, who, action, who, details=details))
    if told is not None:
        notices.tell(work, deps, current.account.id, told, now, name=one.name)


def check_name(name: str) -> str:
    """Return the normal form of an authenticator's name; ``Refusal`` when it will not do."""
    wanted = normal_form(name)
    if not 1 <= len(wanted) <= _MAX_NAME or find_unwanted_character(wanted):
        raise Refusal(AUTHENTICATOR_NAME, field="name")
    return wanted


def _get(authenticators: Sequence[Authenticator], authenticator_id: str) -> Authenticator:
    for one in authenticators:
        if one.id == authenticator_id:
            return one
    raise Refusal(AUTHENTICATOR_GONE)
