"""Connections that stay open between transactions, and transactions on them, begun and ended by the driver itself.

SQLAlchemy's pool and bookkeeping cost more than all statements of a short transaction. So each engine has connections here that nobody else
uses: one is taken for a transaction and put back afterwards, and there are never more than were in use at once.

On PostgreSQL those for each kind of transaction are kept by themselves. On SQLite all kinds share them, the last one used first: a connection
throws away what it has read as soon as another one commits, so whoever looks and writes in turn does well to stay on one.

Left to others: what the databases promise (``engine``), what goes to PostgreSQL and when (``libpq``), when a transaction ends (``unit_of_work``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Literal, TypeAlias, get_args
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from pki.storage.prepared import DRIVER
from service.checkpoints import Checkpoints
from service.engine import BY_HAND, WAIT_SECONDS, most_connections
from service.libpq import Libpq

Kind: TypeAlias = Literal["write", "note", "read", "look"]
"""Transactions that are waited for, that are not, that read one snapshot; and no transaction at all, for single look-ups."""

# What is noted survives the death of every process; the last of it may be lost when the power is cut.
_POSTGRESQL: Mapping[Kind, str] = {
    "note": "SET synchronous_commit TO off",
    "look": "SET default_transaction_read_only TO on",
    "read": "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}
_SQLITE: Mapping[Kind, str] = {"write": "FULL", "note": "NORMAL"}
_BEGIN_SQLITE: Mapping[Kind, str] = {"write": "BEGIN IMMEDIATE", "note": "BEGIN IMMEDIATE", "read": "BEGIN"}


class _Sqlite:
    """A connection of sqlite3's, as ``Libpq`` is one of PostgreSQL's; what could be put off is carried out at once, for nobody is far away."""

    is_far = False

    def __init__(self, driver: Any) -> None:
        self.execute = self.put_off = driver.execute
        self._driver = driver
        self._synchronous = ""
        self._looking = False

    def begin(self, kind: Kind) -> None:
        self._looking = kind == "look"
        self.execute = self.put_off = self._look if self._looking else self._driver.execute
        wanted = _SQLITE.get(kind, self._synchronous)
        if wanted != self._synchronous:
            self._driver.execute(f"PRAGMA synchronous={wanted}")
            self._synchronous = wanted
        if not self._looking:
            self._driver.execute(_BEGIN_SQLITE[kind])

    def check(self, text: str) -> None:
        """Refuse what would change something while it is only looked: ``PRAGMA query_only`` would have all statements prepared anew."""
        if self._looking and not text.startswith("SELECT"):
            message = "a look changes nothing"
            raise sa.exc.InvalidRequestError(message)

    def _look(self, text: str, values: Sequence[Any]) -> Any:
        self.check(text)
        return self._driver.execute(text, values)

    def expect(self, text: str, values: Sequence[Any]) -> None:
        """Carry it out when it is asked for."""

    def commit(self) -> None:
        self._driver.execute("COMMIT")

    def roll_back(self) -> None:
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK")


class Kept:
    """A connection and the kind of transaction that it is for now, as SQLAlchemy sees it and as the driver does."""

    __slots__ = ("_carrier", "_kind", "connection", "driver", "usable")

    def __init__(self, connection: sa.Connection, kind: Kind) -> None:
        self.connection = connection
        driver: Any = connection.connection.dbapi_connection
        self.driver = driver
        self.usable = False
        self._kind = kind
        if connection.dialect.name == "sqlite":
            self._carrier: _Sqlite | Libpq = _Sqlite(driver)
            check = self._carrier.check
            sa.event.listen(connection, "before_cursor_execute", lambda _, __, text, *___: check(text))
        else:
            if kind in _POSTGRESQL:
                driver.execute(_POSTGRESQL[kind])
            self._carrier = Libpq(driver)
        setattr(connection, DRIVER, self._carrier)
        if isinstance(self._carrier, Libpq):  # what SQLAlchemy carries out must come after what was put off
            sa.event.listen(connection, "before_cursor_execute", self._carrier.send)

    def begin(self, kind: Kind) -> None:
        """Begin a transaction, unless there is to be none."""
        self.usable = False
        self._kind = kind
        if isinstance(self._carrier, _Sqlite):
            self._carrier.begin(kind)
            return
        self._carrier.check()
        if kind != "look":
            self._carrier.begin()

    def commit(self) -> None:
        """Commit, whatever that may take."""
        if self._kind != "look":
            self._carrier.commit()
        self.usable = True

    def roll_back(self) -> None:
        """Roll back. A connection that cannot is of no use any more; what made us roll back is told, not this."""
        try:
            self._carrier.roll_back()
        except self.connection.dialect.loaded_dbapi.Error:
            return
        self.usable = True


class Connections:
    """The connections of one engine: no more than its pool would open, in use and idle together; who comes too much waits."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine.execution_options(isolation_level=BY_HAND)
        everyone: deque[Kept] = deque()
        shared = engine.dialect.name == "sqlite"
        self._checkpoints = Checkpoints(self._engine) if shared else None
        self._idle: Mapping[Kind, deque[Kept]] = {kind: everyone if shared else deque() for kind in get_args(Kind)}
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
        if self._checkpoints is not None and kind in _SQLITE:
            self._checkpoints.count()

    def close(self) -> None:
        """Close what is idle now."""
        if self._checkpoints is not None:
            self._checkpoints.close()
        for idle in self._idle.values():
            while (kept := _take(idle)) is not None:
                self._close(kept)

    def _begun(self, kind: Kind) -> Kept:
        while (kept := _take(self._idle[kind])) is not None:
            try:
                kept.begin(kind)
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
            kept.begin(kind)
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
        found = _OF.setdefault(engine, Connections(engine))
        sa.event.listen(engine, "engine_disposed", _forget)
    return found


def _forget(engine: sa.Engine) -> None:
    found = _OF.pop(engine, None)
    if found is not None:
        found.close()
