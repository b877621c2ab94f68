"""What the parts of this room's storage share: the connection, and rows that may be there once.

Left to others: every statement of a part.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kernel.clock import from_micros
from pki.storage.prepared import OnConnection


class SqlPart(OnConnection):
    """A part of the records, on one connection."""

    def _insert_once(self, table: sa.Table, values: dict[str, Any]) -> bool:
        """Insert a row unless its key is taken; PostgreSQL waits for another transaction that is about to take it."""
        # What came back was inserted: the row count of an INSERT is not kept on every driver.
        inserted = self._insert(table).values(values).on_conflict_do_nothing().returning(*table.primary_key.columns)
        return self._connection.execute(inserted).first() is not None


def moment(micros: int | None) -> datetime | None:
    """Return the moment of a column that may be empty."""
    return None if micros is None else from_micros(micros)
