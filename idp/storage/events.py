"""Account events in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from idp.records import EventDelivery, EventOutcome, EventStream, StreamSaid, StreamStatus
from idp.storage.connection import OnConnection, as_json, as_values, micros, moment, texts
from idp.storage.tables import event_deliveries as table
from idp.storage.tables import event_streams as streams
from idp.storage.tables import muted_events
from kernel.clock import from_micros, to_micros

_OWED = table.c.next_try_at.is_not(None)


class SqlEvents(OnConnection):
    """``EventRecords`` on one connection."""

    def owe_event(self, delivery: EventDelivery) -> None:
        """Store what a client is to be told."""
        moments = {"at": to_micros(delivery.at), "next_try_at": micros(delivery.next_try_at)}
        self._connection.execute(table.insert(), as_values(delivery) | moments)

    def due_events(self, now: datetime, *, limit: int) -> Sequence[EventDelivery]:
        """Return what is due, the longest due first."""
        due = sa.select(table).where(table.c.next_try_at <= to_micros(now)).order_by(table.c.next_try_at, table.c.at, table.c.jti)
        return [_read(row) for row in self._all(due.limit(limit))]

    def claim_event(self, jti: str, *, now: datetime, until: datetime) -> bool:
        """Take a due one for a try that ends before ``until``; False when another process has it."""
        due = (table.c.jti == jti, table.c.next_try_at <= to_micros(now))
        return self._change(table.update().where(*due).values(next_try_at=to_micros(until), tries=table.c.tries + 1))

    def note_event(self, delivery: EventDelivery) -> bool:
        """Store how a try went; False when it was settled meanwhile."""
        values = {"next_try_at": micros(delivery.next_try_at), "outcome": delivery.outcome, "error": delivery.error}
        return self._change(table.update().where(table.c.jti == delivery.jti, _OWED).values(values))

    def owed_events(self, client_id: str, *, event: str | None, limit: int) -> Sequence[EventDelivery]:
        """Return what a client is still owed, of one kind or (None) of every, the oldest first."""
        owed = sa.select(table).where(table.c.client_id == client_id, _OWED).order_by(table.c.at, table.c.jti).limit(limit)
        return [_read(row) for row in self._all(owed if event is None else owed.where(table.c.event == event))]

    def settle_event(self, client_id: str, jti: str, outcome: EventOutcome, error: str | None) -> EventDelivery | None:
        """Store that a client has taken what it was owed, or cannot; None when it was owed no such thing any more."""
        settled = table.update().where(table.c.jti == jti, table.c.client_id == client_id, _OWED)
        values = {"next_try_at": None, "outcome": outcome, "error": error}
        row = self._connection.execute(settled.values(values).returning(table)).mappings().first()
        return None if row is None else _read(row)

    def hurry_events(self, client_id: str, now: datetime) -> None:
        """Let all that a client is still owed be due at ``now``."""
        self._change(table.update().where(table.c.client_id == client_id, _OWED).values(next_try_at=to_micros(now)))

    def untold_events(self, since: datetime, *, but: str) -> Mapping[str, int]:
        """Return how many events since then each client did not take although it was tried, save what the error ``but`` kept back."""
        tried = (table.c.at >= to_micros(since), table.c.error != but, table.c.error.is_not(None))
        open_or_over = sa.or_(table.c.outcome.is_(None), table.c.outcome.in_(("refused", "given_up")))
        query = (
            sa.select(table.c.client_id, sa.func.count().label("count")).where(*tried, open_or_over).group_by(table.c.client_id)
        )
        return {row["client_id"]: row["count"] for row in self._all(query)}

    def find_event_stream(self, client_id: str) -> EventStream | None:
        """Return what a client said of its stream; None when it said nothing."""
        row = self._first(sa.select(streams).where(streams.c.client_id == client_id))
        return None if row is None else _read_stream(row)

    def put_event_stream(self, client_id: str, said: StreamSaid) -> None:
        """Store what is said from now on; what is not said stays as it is, and whatever else is stored of the stream."""
        values: dict[str, Any] = dict(said)
        if said.get("requested") is not None:
            values["requested"] = as_json(said["requested"])
        self._put_stream(client_id, values)

    def put_stream_status(self, client_id: str, status: StreamStatus, reason: str | None) -> None:
        """Store whether events are sent to it, and nothing else."""
        self._put_stream(client_id, {"status": status, "reason": reason})

    def _put_stream(self, client_id: str, values: Mapping[str, Any]) -> None:
        self._add_once(streams, {"client_id": client_id, "status": "enabled"})
        if values:
            self._change(streams.update().where(streams.c.client_id == client_id).values(values))

    def remove_event_stream(self, client_id: str) -> None:
        """Forget what it said, and whom it does not want to hear of."""
        for one in (streams, muted_events):
            self._change(one.delete().where(one.c.client_id == client_id))

    def take_verification(self, client_id: str, *, now: datetime, last: datetime) -> bool:
        """Note that a verification is asked for; False when one was after ``last``."""
        self._add_once(streams, {"client_id": client_id, "status": "enabled"})
        long_ago = sa.or_(streams.c.verified_at.is_(None), streams.c.verified_at <= to_micros(last))
        return self._change(streams.update().where(streams.c.client_id == client_id, long_ago).values(verified_at=to_micros(now)))

    def mute_events(self, client_id: str, account_id: str) -> None:
        """Tell the client nothing of this account any more."""
        self._add_once(muted_events, {"client_id": client_id, "account_id": account_id})

    def unmute_events(self, client_id: str, account_id: str) -> None:
        """Tell it again."""
        self._change(muted_events.delete().where(*_muted(client_id, account_id)))

    def are_events_muted(self, client_id: str, account_id: str) -> bool:
        """Tell whether the client does not want to hear of this account."""
        return self._first(sa.select(muted_events).where(*_muted(client_id, account_id))) is not None


def _muted(client_id: str, account_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return muted_events.c.account_id == account_id, muted_events.c.client_id == client_id


def _read(row: sa.RowMapping) -> EventDelivery:
    return EventDelivery(**dict(row) | {"at": from_micros(row["at"]), "next_try_at": moment(row["next_try_at"])})


def _read_stream(row: sa.RowMapping) -> EventStream:
    requested = None if row["requested"] is None else texts(row["requested"])
    authorization = None if row["authorization"] is None else bytes(row["authorization"])
    moments = {"verified_at": moment(row["verified_at"])}
    return EventStream(**dict(row) | {"requested": requested, "authorization": authorization} | moments)
