"""Ends sessions and has their clients told: one's own, one elsewhere, all of somebody's, and those whose time is over.

Left to others: what ending one does to its tokens and what it owes to whom (the records), sending it (``delivery``).
"""

from __future__ import annotations

from idp.browsers import sessions
from idp.browsers.sessions import Current
from idp.logout.delivery import deliver_due
from idp.ports import IdpDeps
from idp.records import Session
from kernel.audit import AuditEvent

_OVERDUE_AT_ONCE = 50  # others wait for this transaction


def end(deps: IdpDeps, session: Session, *, actor: str) -> None:
    """End one session."""
    sessions.end(deps, session, actor=actor)
    deps.soon(lambda: deliver_due(deps, session.account_id))


def end_own(deps: IdpDeps, current: Current, session_id: str) -> bool:
    """End another session of the same person; False when they have no such living one."""
    with deps.work.read() as work:
        session = work.records.find_session(session_id)
    if session is None or session.account_id != current.account.id or session.ended_at is not None:
        return False
    end(deps, session, actor=f"account:{current.account.id}")
    return True


def end_all(deps: IdpDeps, account_id: str, *, actor: str) -> int:
    """End all sessions of somebody and everything that was granted in them, also what would outlive them; return how many."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        number = work.records.end_sessions(account_id, now)
        details = {"sessions": number}
        work.audit.record(AuditEvent(now, actor, "idp.logout_everywhere", f"account:{account_id}", details=details))
    deps.soon(lambda: deliver_due(deps, account_id))
    return number


def end_overdue(deps: IdpDeps) -> int:
    """End the sessions that were left alone too long or are too old, so that departments hear of it; return how many."""
    total = 0
    while (ended := _end_some_overdue(deps)) > 0:
        total += ended
    return total


def _end_some_overdue(deps: IdpDeps) -> int:
    now = deps.clock.now()
    ended = 0
    with deps.work.begin() as work:
        for session_id in work.records.overdue_sessions(now, limit=_OVERDUE_AT_ONCE):
            session = work.records.find_session(session_id)
            if session is not None and not sessions.is_alive(session, now):  # it may have been renewed since
                sessions.end_within(work, session, actor="system", now=now)
                ended += 1
    return ended
