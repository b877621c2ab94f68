"""Accounts that their owners close, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from idp.records import AccountRecord, Closing
from idp.storage.connection import OnConnection, as_values, micros, moment
from idp.storage.people import account_values
from idp.storage.tables import (
    accounts,
    authenticators,
    closings,
    code_uses,
    consents,
    devices,
    kept_forms,
    logins,
    mandates,
    muted_events,
    notices,
    recoveries,
    recovery_codes,
    sent_codes,
)
from kernel.clock import from_micros, to_micros

_ERASED = (authenticators, code_uses, consents, devices, kept_forms, logins, muted_events, notices, recoveries, sent_codes)
"""What has an owner and goes with them. The evidence behind levels stays: it tells who vouched for what, and names nobody."""


class SqlClosings(OnConnection):
    """``ClosingRecords`` on one connection."""

    def add_closing(self, closing: Closing) -> bool:
        """Store that an account is to be closed; False when it is so already."""
        moments = {name: micros(getattr(closing, name)) for name in ("asked_at", "closes_at", "closed_at")}
        return self._add_once(closings, as_values(closing) | moments)

    def find_closing(self, account_id: str) -> Closing | None:
        """Return how an account is being closed."""
        row = self._first(sa.select(closings).where(closings.c.account_id == account_id))
        return None if row is None else _read(row)

    def due_closings(self, at: datetime, *, limit: int) -> Sequence[Closing]:
        """Return those whose time has come."""
        due = (closings.c.closed_at.is_(None), closings.c.closes_at <= to_micros(at))
        return [_read(row) for row in self._all(sa.select(closings).where(*due).order_by(closings.c.closes_at).limit(limit))]

    def cancel_closing(self, account_id: str) -> bool:
        """Take it back; False when there is none or it has happened."""
        return self._change(closings.delete().where(closings.c.account_id == account_id, closings.c.closed_at.is_(None)))

    def finish_closing(self, account_id: str, at: datetime) -> bool:
        """Say that it has happened; False when it had, or was taken back."""
        waiting = (closings.c.account_id == account_id, closings.c.closed_at.is_(None))
        return self._change(closings.update().where(*waiting).values(closed_at=to_micros(at)))

    def erase_account(self, record: AccountRecord) -> None:
        """Store what is left of an account, and remove everything else that is about its owner."""
        self._change(accounts.update().where(accounts.c.id == record.id).values(account_values(record)))
        own = sa.select(authenticators.c.id).where(authenticators.c.account_id == record.id)
        self._change(recovery_codes.delete().where(recovery_codes.c.authenticator_id.in_(own)))
        # A mandate's signed form names its agent; that it was given, to which identifier and when it ended stays.
        theirs = sa.or_(mandates.c.agent_id == record.id, mandates.c.organization_id == record.id)
        self._change(mandates.update().where(theirs).values(document=b""))
        for table in _ERASED:
            self._change(table.delete().where(table.c.account_id == record.id))


def _read(row: sa.RowMapping) -> Closing:
    moments = {name: from_micros(row[name]) for name in ("asked_at", "closes_at")}
    return Closing(row["account_id"], **moments, closed_at=moment(row["closed_at"]))
