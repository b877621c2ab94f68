"""Copies SQLite's log into the database beside the requests, so that none of them waits while all of it is copied.

SQLite has the commit that fills the log copy it (``wal_autocheckpoint``): thousands of pages and two syncs, a dozen times what a short request
takes, with everybody behind it. After every so many transactions a thread that nobody waits for copies what is there by then; what is left
to the commit that fills the log is little. Left to others: when the log is full (``engine``), PostgreSQL, which has a process for this.
"""

from __future__ import annotations

import sqlite3
from threading import Lock, Thread
from typing import Any

import sqlalchemy as sa

TRANSACTIONS = 256
"""So that little is left to a commit even where each writes a dozen pages. Copied more often, the same pages would be copied again and again, and
whoever writes while the log is on its way to the disk waits for that."""


class Checkpoints:
    """Counts the transactions of one engine, roughly: threads may count at the same moment. One thread copies at a time."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._driver: Any = None
        self._count = 0
        self._copying = Lock()

    def count(self) -> None:
        """Count a transaction that ended; have the log copied when it is time."""
        self._count += 1
        if self._count >= TRANSACTIONS and self._copying.acquire(blocking=False):
            self._count = 0
            try:
                Thread(target=self._copy, name="checkpoint").start()
            except RuntimeError:  # as many threads as there may be; whoever committed is told so all the same
                self._copying.release()

    def close(self) -> None:
        """Close the connection, when what was begun is done."""
        with self._copying:
            self._close()

    def _copy(self) -> None:
        try:
            if self._driver is None:  # one of its own: the others throw away what they have read when they lose their turn
                connection = self._engine.connect()
                connection.detach()
                self._driver = connection.connection.dbapi_connection
            # PASSIVE waits for nobody and keeps nobody waiting; where another process copies, it does nothing.
            self._driver.execute("PRAGMA wal_checkpoint(PASSIVE)").close()
        except (sqlite3.Error, sa.exc.SQLAlchemyError):
            self._close()  # the commit that fills the log does it, and tells whoever has it of what is wrong
        finally:
            self._copying.release()

    def _close(self) -> None:
        if self._driver is not None:
            self._driver.close()
            self._driver = None
