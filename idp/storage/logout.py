"""Deliveries of back-channel logouts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from idp.records import LogoutBacklog, LogoutDelivery
from idp.storage.connection import OnConnection, micros, moment
from idp.storage.tables import grants, logout_deliveries, sessions
from kernel.clock import from_micros, to_micros

_COLUMNS = logout_deliveries.c
_MICROS = 1_000_000
_ACTING = (
    sa.exists()
    .where(grants.c.session_id == _COLUMNS.session_id, grants.c.client_id == _COLUMNS.client_id, grants.c.mandate_id.is_not(None))
    .label("acting")
)


class SqlLogouts(OnConnection):
    """``LogoutRecords`` on one connection."""

    def due_logouts(self, now: datetime, *, limit: int, account_id: str | None = None) -> Sequence[LogoutDelivery]:
        """Return what is due (of one account): of each client in turn, the longest due first."""
        query = sa.select(logout_deliveries, _ACTING).where(_COLUMNS.next_try_at <= to_micros(now))
        if account_id is not None:
            query = query.where(_COLUMNS.account_id == account_id)
        # However much waits for a slow client, the others' have their turn.
        turn = sa.func.row_number().over(partition_by=_COLUMNS.client_id, order_by=_COLUMNS.next_try_at)
        return [_read(row) for row in self._all(query.order_by(turn, _COLUMNS.next_try_at).limit(limit))]

    def claim_logout(self, delivery: LogoutDelivery, *, now: datetime, until: datetime) -> bool:
        """Take a due one for a try that ends before ``until``, after which it is due again; False when another process has it."""
        due = (*_is(delivery), _COLUMNS.next_try_at <= to_micros(now))
        values = {"next_try_at": to_micros(until), "tried_at": to_micros(now), "tries": _COLUMNS.tries + 1}
        return self._change(logout_deliveries.update().where(*due).values(values))

    def note_logout(self, delivery: LogoutDelivery) -> None:
        """Store how a try went."""
        values = {"next_try_at": micros(delivery.next_try_at), "outcome": delivery.outcome, "error": delivery.error}
        self._change(logout_deliveries.update().where(*_is(delivery)).values(values))

    def retry_logouts(self, client_id: str, at: datetime) -> int:
        """Make due again what a client was not told, given up or not; return how many."""
        values = {"next_try_at": to_micros(at), "outcome": None}
        statement = logout_deliveries.update().where(_COLUMNS.client_id == client_id, _untold()).values(values)
        return self._connection.execute(statement).rowcount

    def logouts_of_session(self, session_id: str) -> Sequence[LogoutDelivery]:
        """Return what is told of one session, by the clients' names."""
        query = sa.select(logout_deliveries).where(_COLUMNS.session_id == session_id).order_by(_COLUMNS.client_name)
        return [_read(row) for row in self._all(query)]

    def logouts_of_account(self, account_id: str, *, limit: int) -> Sequence[LogoutDelivery]:
        """Return what is told of somebody's ended sessions, the last ended first."""
        query = sa.select(logout_deliveries).where(_COLUMNS.account_id == account_id)
        order = (_COLUMNS.owed_at.desc(), _COLUMNS.session_id, _COLUMNS.client_name)
        return [_read(row) for row in self._all(query.order_by(*order).limit(limit))]

    def logout_backlog(self) -> Sequence[LogoutBacklog]:
        """Return what clients were not told although it was tried, by client, the longest waiting first."""
        waiting = sa.func.sum(sa.case((_COLUMNS.outcome.is_(None), 1), else_=0))
        since = sa.func.min(_COLUMNS.owed_at)
        query = (
            sa.select(
                _COLUMNS.client_id,
                sa.func.max(_COLUMNS.client_name).label("client_name"),
                waiting.label("waiting"),
                sa.func.count().label("all"),
                since.label("since"),
                sa.func.max(_COLUMNS.tried_at).label("tried_at"),
                sa.func.max(_COLUMNS.error).label("error"),
            )
            .where(_untold())
            .group_by(_COLUMNS.client_id)
            .order_by(since)
        )
        return [
            LogoutBacklog(
                client_id=row["client_id"],
                client_name=row["client_name"],
                waiting=int(row["waiting"]),
                failed=row["all"] - int(row["waiting"]),
                since=from_micros(row["since"]),
                tried_at=moment(row["tried_at"]),
                error=row["error"],
            )
            for row in self._all(query)
        ]

    def forget_logouts(self, before: datetime) -> int:
        """Remove what was owed before and is not tried any more; return how many."""
        over = (_COLUMNS.owed_at < to_micros(before), _COLUMNS.outcome.is_not(None))
        return self._connection.execute(logout_deliveries.delete().where(*over)).rowcount

    def overdue_sessions(self, now: datetime, *, limit: int) -> Collection[str]:
        """Return sessions whose time is over and that were not ended."""
        at = to_micros(now)
        idle = sessions.c.seen_at + sessions.c.idle_seconds * sa.literal(_MICROS, sa.BigInteger) <= at
        query = sa.select(sessions.c.id).where(sessions.c.ended_at.is_(None), sa.or_(sessions.c.ends_at <= at, idle))
        return [row["id"] for row in self._all(query.limit(limit))]


def _is(delivery: LogoutDelivery) -> tuple[sa.ColumnElement[bool], ...]:
    return _COLUMNS.session_id == delivery.session_id, _COLUMNS.client_id == delivery.client_id


def _untold() -> sa.ColumnElement[bool]:
    """Return the condition of a logout that a client was not told although it was tried: the last try left an error."""
    return _COLUMNS.error.is_not(None)


def _read(row: sa.RowMapping) -> LogoutDelivery:
    return LogoutDelivery(
        session_id=row["session_id"],
        client_id=row["client_id"],
        client_name=row["client_name"],
        account_id=row["account_id"],
        owed_at=from_micros(row["owed_at"]),
        next_try_at=moment(row["next_try_at"]),
        tries=row["tries"],
        tried_at=moment(row["tried_at"]),
        outcome=row["outcome"],
        error=row["error"],
        acting=bool(row.get("acting")),
    )
