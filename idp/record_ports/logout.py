"""Stored deliveries of back-channel logouts. They come into being where sessions end (``SessionRecords``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from idp.records import LogoutBacklog, LogoutDelivery


class LogoutRecords(Protocol):
    """What clients are to be told of ended sessions. A bool tells whether the one conditional statement took effect."""

    def due_logouts(self, now: datetime, *, limit: int, account_id: str | None = None) -> Sequence[LogoutDelivery]:
        """Return what is due (of one account): of each client in turn, the longest due first."""
        ...

    def claim_logout(self, delivery: LogoutDelivery, *, now: datetime, until: datetime) -> bool:
        """Take a due one for a try that ends before ``until``, after which it is due again; False when another process has it."""
        ...

    def note_logout(self, delivery: LogoutDelivery) -> None:
        """Store how a try went."""
        ...

    def retry_logouts(self, client_id: str, at: datetime) -> int:
        """Make due again what a client was not told, given up or not; return how many."""
        ...

    def logouts_of_session(self, session_id: str) -> Sequence[LogoutDelivery]:
        """Return what is told of one session, by the clients' names."""
        ...

    def logouts_of_account(self, account_id: str, *, limit: int) -> Sequence[LogoutDelivery]:
        """Return what is told of somebody's ended sessions, the last ended first."""
        ...

    def logout_backlog(self) -> Sequence[LogoutBacklog]:
        """Return what clients were not told although it was tried, by client, the longest waiting first."""
        ...

    def forget_logouts(self, before: datetime) -> int:
        """Remove what was owed before and is not tried any more; return how many."""
        ...

    def overdue_sessions(self, now: datetime, *, limit: int) -> Collection[str]:
        """Return sessions whose time is over and that were not ended."""
        ...
