"""Account events in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from idp.records import EventDelivery
from idp.storage.connection import OnConnection, as_values, micros, moment
from idp.storage.tables import event_deliveries as table
from kernel.clock import from_micros, to_micros


class SqlEvents(OnConnection):
    """``EventRecords`` on one connection."""

    def owe_event(self, delivery: EventDelivery) -> None:
        """Store what a client is to be told."""
        moments = {"at": to_micros(delivery.at), "next_try_at": micros(delivery.next_try_at)}
        self._connection.execute(table.insert(), as_values(delivery) | moments)

    def due_events(self, now: datetime, *, limit: int) -> Sequence[EventDelivery]:
        """Return what is due, the longest due first."""
        due = sa.select(table).where(table.c.next_try_at <= to_micros(now)).order_by(table.c.next_try_at, table.c.jti)
        return [_read(row) for row in self._all(due.limit(limit))]

    def claim_event(self, jti: str, *, now: datetime, until: datetime) -> bool:
        """Take a due one for a try that ends before ``until``; False when another process has it."""
        due = (table.c.jti == jti, table.c.next_try_at <= to_micros(now))
        return self._change(table.update().where(*due).values(next_try_at=to_micros(until), tries=table.c.tries + 1))

    def note_event(self, delivery: EventDelivery) -> None:
        """Store how a try went."""
        values = {"next_try_at": micros(delivery.next_try_at), "outcome": delivery.outcome, "error": delivery.error}
        self._change(table.update().where(table.c.jti == delivery.jti).values(values))


def _read(row: sa.RowMapping) -> EventDelivery:
    return EventDelivery(**dict(row) | {"at": from_micros(row["at"]), "next_try_at": moment(row["next_try_at"])})
