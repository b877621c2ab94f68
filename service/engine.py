"""The database engine: SQLite with the promises that a node makes, or PostgreSQL.

Left to others: the tables (each package's ``storage``), transactions over several rooms (``unit_of_work``), migrations.
"""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from kernel.errors import Refusal
from service.errors import BAD_REQUEST

READ_ONLY = "chaoxin_read_only"
"""Execution option of a connection that will only read: a deferred SQLite transaction, a snapshot on PostgreSQL."""

BY_HAND = "AUTOCOMMIT"
"""SQLAlchemy's name for the isolation level of a connection whose transactions are begun and ended by whoever uses it."""

WAIT_SECONDS = 30
"""How long a transaction waits for a connection."""

_BUSY_MILLISECONDS = 20_000
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={_BUSY_MILLISECONDS}",
    # Whoever fills the log copies what ``checkpoints`` left and keeps everybody waiting: a quarter as often as usual, all that one index block holds.
    "wal_autocheckpoint=4000",
)


def make_engine(url: str, *, pool_size: int = 8) -> sa.Engine:
    """Return an engine on ``url`` (``sqlite:///file`` or ``postgresql+psycopg://…``).

    SQLite runs in WAL with ``synchronous=FULL``: what was promised to a user survives a power cut. A writing transaction begins
    IMMEDIATE, so two writers wait for each other instead of failing half-way. What is stored never stands in an error's text.
    PostgreSQL has no U+0000 in text, and neither has anybody's name or code: ``Refusal(bad_request)``, wherever it came from.
    """
    pool: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": WAIT_SECONDS,
        "hide_parameters": True,
    }
    if make_url(url).get_backend_name() == "sqlite":
        engine = sa.create_engine(url, **pool)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = sa.create_engine(url, **pool, pool_pre_ping=True)
    sa.event.listen(engine, "handle_error", lambda context: refuse_nul(context.original_exception))
    return engine


def most_connections(engine: sa.Engine) -> int:
    """Return how many connections ``engine`` opens at most."""
    pool = engine.pool
    if not isinstance(pool, sa.QueuePool):
        message = "an engine of make_engine is wanted"
        raise TypeError(message)
    return 2 * pool.size()


def reading(engine: sa.Engine) -> sa.Engine:
    """Return a view of ``engine`` (same pool) whose transactions only read, each on one consistent snapshot."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READ_ONLY: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def refuse_nul(error: BaseException | None) -> None:
    """Raise the refusal where ``error`` is the driver's about a NUL in a text."""
    if isinstance(error, psycopg.DataError) and error.sqlstate is None and "NUL" in str(error):  # nothing was sent
        raise Refusal(BAD_REQUEST) from None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN is turned off; _begin_sqlite says which kind of transaction is wanted.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != BY_HAND:
        connection.exec_driver_sql("BEGIN" if options.get(READ_ONLY, False) else "BEGIN IMMEDIATE")
