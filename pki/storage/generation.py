"""Reads the generation of the certificates' statuses as cheaply as a database lets one: it is asked for every OCSP answer.

One statement on a connection that is kept, outside of any transaction, and not more often than once a millisecond: under load most
answers cost no statement, and a status that any process changed is seen everywhere before that process has published its list.

Left to others: what is made of it (``pki.ocsp``).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import sqlalchemy as sa

from kernel.clock import monotonic

HOLDS_SECONDS = 0.001
_QUERY = "SELECT coalesce(sum(changes), 0) FROM pki_crl_numbers"


class GenerationReader:
    """One connection of its own, used by one thread at a time; opened when first used, so after a server has forked."""

    def __init__(self, engine: sa.Engine, now: Callable[[], float] = monotonic) -> None:
        self._engine = engine
        self._now = now
        self._lost = engine.dialect.loaded_dbapi.Error
        self._lock = Lock()
        self._connection: Any = None
        self._found = (float("-inf"), 0)

    def __call__(self, _: object = None) -> int:
        """Return the generation."""
        read_at, found = self._found
        # The moment is taken before the statement: what is committed after it is not held against.
        now = self._now()
        if now - read_at < HOLDS_SECONDS:
            return found
        with self._lock:
            try:
                found = self._ask()
            except self._lost:  # a server that was restarted meanwhile: once more on a new connection
                self._close()
                found = self._ask()
            self._found = (now, found)
        return found

    def close(self) -> None:
        """Close the connection; it is opened again when it is wanted."""
        with self._lock:
            self._close()

    def _ask(self) -> int:
        if self._connection is None:
            self._connection = self._open()
        # To its last row: a statement that is not finished would go on seeing the database as it was.
        ((found,),) = self._connection.execute(_QUERY).fetchall()
        return int(found)

    def _open(self) -> Any:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        if self._engine.dialect.name != "sqlite":  # where it is set on every connection
            connection.set_autocommit(True)
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
