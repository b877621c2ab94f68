"""Closing an account: asked for, waiting for a while in which it can be taken back, then everything about its owner is erased.

What stays is the identifier, so that no ``sub`` is ever given to somebody else, the audit trail, and the licences: they are the
departments'. 1. Its owner asks, by a fresh login and by typing their username, or an admin does. 2. They are told; until its time
comes one click takes it back. 3. The worker erases: one conditional statement decides; sessions, tokens and mandates end with it.

Left to others: pages (``views``), the second admin (``administration.proposals``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from idp import notices
from idp.authenticators import changing
from idp.browsers.sessions import Current
from idp.enterprises import mandates, representing
from idp.errors import ACCOUNT_UNKNOWN
from idp.owed_events import owe
from idp.people import accounts
from idp.people.accounts import normal_username
from idp.ports import IdpDeps, IdpWork
from idp.privacy.errors import CLOSING_UNSUITABLE, CLOSING_USERNAME
from idp.records import Account, AccountRecord, Closing
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token

_AT_ONCE = 50
_OWN = frozenset({"citizen", "enterprise"})


def find(deps: IdpDeps, account_id: str) -> Closing | None:
    """Return when an account is closed; None: it is not to be."""
    with deps.work.read() as work:
        return work.records.find_closing(account_id)


def begin(deps: IdpDeps, current: Current, username: str) -> None:
    """Close one's own account after a while; ``Refusal`` without a fresh login, without the username, and for officials."""
    # 1. Who asks, and that they mean it.
    changing.check_fresh(deps, current)
    if normal_username(username) != current.account.username:
        raise Refusal(CLOSING_USERNAME, field="username")
    with deps.work.begin() as work:
        record = work.records.find_account(current.account.id)
        if record is not None:
            begin_within(deps, work, record, actor=f"account:{record.id}")


def begin_within(
    deps: IdpDeps, work: IdpWork, record: AccountRecord, *, actor: str, details: dict[str, Json] | None = None
) -> None:
    """Close an account after a while, within a transaction of whoever decides that; asked again, nothing changes."""
    if record.kind not in _OWN or record.roles:
        raise Refusal(CLOSING_UNSUITABLE)
    now = deps.clock.now()
    closes_at = now + timedelta(seconds=deps.policies.assurance.closing_seconds)
    if work.records.add_closing(Closing(record.id, now, closes_at)):
        # 2. The owner is told.
        notices.tell(work, deps, record.id, "closing", now, days=deps.policies.assurance.closing_seconds // 86400)
        work.audit.record(AuditEvent(now, actor, "idp.begin_closing", f"account:{record.id}", details=details or {}))


def cancel(deps: IdpDeps, current: Current) -> bool:
    """Take it back; False when it was not to be closed."""
    who, now = f"account:{current.account.id}", deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.cancel_closing(current.account.id):
            return False
        work.audit.record(AuditEvent(now, who, "idp.cancel_closing", who))
    return True


def check_not_closed(work: IdpWork, record: AccountRecord) -> None:
    """Refuse to bring back an account of which nothing is left."""
    found = work.records.find_closing(record.id)
    if found is not None and found.closed_at is not None:
        raise Refusal(ACCOUNT_UNKNOWN)


def close_due(deps: IdpDeps) -> int:
    """Erase the accounts whose time has come; return how many."""
    now = deps.clock.now()
    with deps.work.read() as work:
        due = work.records.due_closings(now, limit=_AT_ONCE)
    return sum(_close(deps, closing, now) for closing in due)


def _close(deps: IdpDeps, closing: Closing, now: datetime) -> bool:
    with deps.work.begin() as work:
        record = work.records.find_account(closing.account_id)
        # 3. Once, and not when it was taken back just now.
        if record is None or not work.records.finish_closing(closing.account_id, now):
            return False
        if record.disabled_at is None:
            owe(work, record.id, "account-disabled", now)  # while it is known to whom
        ended = work.records.end_sessions(record.id, now)
        given = work.records.mandates(organization_id=record.id) if record.kind == "enterprise" else ()
        for mandate in given:
            mandates.revoke_within(work, mandate, actor="system", now=now)
        representing.give_up(work, deps, record.id, actor="system")
        left = Account(
            id=record.id,
            username=f"closed-{token(12).casefold()}",
            kind=record.kind,
            name="-",
            created_at=record.created_at,
            disabled_at=now,
        )
        work.records.erase_account(accounts.seal(deps, left, now))
        work.audit.record(AuditEvent(now, "system", "idp.close_account", f"account:{record.id}", details={"sessions": ended}))
    return True
