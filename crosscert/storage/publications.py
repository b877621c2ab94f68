"""How publication in the directory stands, in SQL. Left to others: every decision (``crosscert.directory.publication``)."""

from __future__ import annotations

import sqlalchemy as sa

from crosscert.records import Published
from crosscert.storage.connection import OnConnection
from crosscert.storage.tables import published
from kernel.clock import from_micros, to_micros


class SqlPublications(OnConnection):
    """This part of the records, on one connection; the meaning of each method is told in :mod:`crosscert.ports`."""

    def find_published(self, entry: str) -> Published | None:
        """Return how it stands."""
        row = self._connection.execute(sa.select(published).where(published.c.entry == entry)).first()
        if row is None:
            return None
        at = None if row.at is None else from_micros(row.at)
        return Published(row.entry, row.sha256, at, from_micros(row.tried_at), row.failures, row.error)

    def put_published(self, found: Published) -> None:
        """Store how it stands."""
        values = {
            "entry": found.entry,
            "sha256": found.sha256,
            "at": None if found.at is None else to_micros(found.at),
            "tried_at": to_micros(found.tried_at),
            "failures": found.failures,
            "error": found.error,
        }
        self._put(published, values)
