"""Cancelling a recovery: by whoever is logged in. Without a login the link in the notice does it (``notices.not_me``)."""

from __future__ import annotations

from collections.abc import Sequence

from idp.browsers.sessions import Current
from idp.ports import IdpDeps
from idp.records import Recovery
from kernel.audit import AuditEvent


def waiting(deps: IdpDeps, current: Current) -> Sequence[Recovery]:
    """Return the recoveries of one's own account that only wait for their time."""
    with deps.work.read() as work:
        return work.records.waiting_recoveries(current.account.id, deps.clock.now())


def cancel(deps: IdpDeps, current: Current) -> None:
    """Cancel whatever recovery is on its way for one's own account; cancelling nothing is no error."""
    now, who = deps.clock.now(), f"account:{current.account.id}"
    with deps.work.begin() as work:
        cancelled = work.records.cancel_recoveries(current.account.id)
        if cancelled:
            details = {"recoveries": cancelled}
            work.audit.record(AuditEvent(now, who, "idp.cancel_recovery", who, details=details))
