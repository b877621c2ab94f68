"""Connections that stay open between transactions, and transactions on them, begun and ended by the driver itself.

SQLAlchemy's pool and bookkeeping cost more than all statements of a short transaction. So each engine has connections here that nobody else
uses, those for each kind of transaction by themselves: one is taken for a transaction and put back afterwards, and there are never more
than were in use at once.

Left to others: what the databases promise (``engine``), statements, when a transaction ends (``unit_of_work``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

import psycopg
import sqlalchemy as sa
from psycopg.pq import ExecStatus

from service.engine import BY_HAND, WAIT_SECONDS, most_connections

Kind: TypeAlias = Literal["write", "note", "read"]

_OPENED: Mapping[tuple[str, Kind], str] = {
    # Either survives the death of every process; the last of them may be lost when the power is cut.
    ("sqlite", "note"): "PRAGMA synchronous=NORMAL",
    ("postgresql", "note"): "SET synchronous_commit TO off",
    ("postgresql", "read"): "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}
_BEGIN: Mapping[tuple[str, Kind], str] = {("sqlite", "write"): "BEGIN IMMEDIATE", ("sqlite", "note"): "BEGIN IMMEDIATE"}


class Kept:
    """A connection for one kind of transaction, as SQLAlchemy sees it and as the driver does."""

    __slots__ = ("_begin", "_carry_out", "connection", "driver", "usable")

    def __init__(self, connection: sa.Connection, kind: Kind) -> None:
        self.connection = connection
        driver: Any = connection.connection.dbapi_connection
        self.driver = driver
        self.usable = False
        self._carry_out: Callable[[str], object] = driver.execute if connection.dialect.name == "sqlite" else self._by_libpq
        which = connection.dialect.name, kind
        self._begin = _BEGIN.get(which, "BEGIN")
        if which in _OPENED:
            driver.execute(_OPENED[which])

    def begin(self) -> None:
        """Begin a transaction."""
        self.usable = False
        self._carry_out(self._begin)

    def commit(self) -> None:
        """Commit, whatever that may take."""
        self._carry_out("COMMIT")
        self.usable = True

    def roll_back(self) -> None:
        """Roll back. A connection that cannot is of no use any more; what made us roll back is told, not this."""
        try:
            self._carry_out("ROLLBACK")
        except (psycopg.Error, self.connection.dialect.loaded_dbapi.Error):
            return
        self.usable = True

    def _by_libpq(self, statement: str) -> None:
        # Around a statement without parameters and rows psycopg's cursor costs four times as much as libpq.
        found = self.driver.pgconn.exec_(statement.encode())
        if found.status != ExecStatus.COMMAND_OK or found.command_status != statement.encode():  # a COMMIT may end in ROLLBACK
            raise psycopg.OperationalError(found.error_message.decode("utf-8", "replace") or f"{statement} was not carried out")


class Connections:
    """The connections of one engine: no more than its pool would open, in use and idle together; who comes too much waits."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine.execution_options(isolation_level=BY_HAND)
        self._idle: Mapping[Kind, deque[Kept]] = {"write": deque(), "note": deque(), "read": deque()}
        self._most = most_connections(engine)
        self.open = 0
        self._counting = Lock()
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(self._most):
            self._free.put(None)

    def begin(self, kind: Kind) -> Kept:
        """Return a connection on which a transaction has begun; it must be put back."""
        try:
            self._free.get(timeout=WAIT_SECONDS)
        except Empty:
            message = f"no connection became free within {WAIT_SECONDS} s"
            raise sa.exc.TimeoutError(message) from None
        try:
            return self._begun(kind)
        except BaseException:
            self._free.put(None)
            raise

    def put_back(self, kind: Kind, kept: Kept) -> None:
        """Keep a connection whose transaction has ended for the next one."""
        if kept.usable:
            self._idle[kind].append(kept)
        else:
            self._close(kept)
        self._free.put(None)

    def close(self) -> None:
        """Close what is idle now."""
        for idle in self._idle.values():
            while (kept := _take(idle)) is not None:
                self._close(kept)

    def _begun(self, kind: Kind) -> Kept:
        while (kept := _take(self._idle[kind])) is not None:
            try:
                kept.begin()
            except self._engine.dialect.loaded_dbapi.Error as error:
                # A server that was restarted meanwhile: the next one, or a new one.
                lost = self._engine.dialect.is_disconnect(error, kept.driver, None)
                self._close(kept)
                if not lost:
                    raise
            else:
                return kept
        return self._opened(kind)

    def _opened(self, kind: Kind) -> Kept:
        with self._counting:
            self.open += 1
            others = (_take(idle) for idle in self._idle.values())
            replaced = next((kept for kept in others if kept is not None), None) if self.open > self._most else None
        if replaced is not None:  # idle, of another kind
            self._close(replaced)
        try:
            connection = self._engine.connect()
            connection.detach()
            kept = Kept(connection, kind)
            kept.begin()
        except BaseException:
            with self._counting:
                self.open -= 1
            raise
        return kept

    def _close(self, kept: Kept) -> None:
        with self._counting:
            self.open -= 1
        kept.driver.close()


def _take(idle: deque[Kept]) -> Kept | None:
    try:
        return idle.pop()
    except IndexError:
        return None


_OF: WeakKeyDictionary[sa.Engine, Connections] = WeakKeyDictionary()


def connections_of(engine: sa.Engine) -> Connections:
    """Return the connections that all transactions on ``engine`` share. Disposing of the engine closes them."""
    found = _OF.get(engine)
    if found is None:
        found = _OF[engine] = Connections(engine)
        sa.event.listen(engine, "engine_disposed", _forget)
    return found


def _forget(engine: sa.Engine) -> None:
    found = _OF.pop(engine, None)
    if found is not None:
        found.close()
