"""What the parts of the records share: one connection, and how statements are made for either engine. Left to others: the statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from pki.storage import prepared


class OnConnection(prepared.OnConnection):
    """A part of the records."""

    def _applied(self, statement: sa.Executable) -> bool:
        """Run a conditional statement and tell whether it changed its one row."""
        result = self._connection.execute(statement, execution_options={"preserve_rowcount": True})
        return isinstance(result, sa.CursorResult) and result.rowcount == 1

    def _put(self, table: sa.Table, values: Mapping[str, Any], where: sa.ColumnElement[bool] | None = None) -> None:
        """Insert a row, or replace the one with its primary key (if ``where`` holds of that one)."""
        keys = [column.name for column in table.primary_key]
        changed = {name: value for name, value in values.items() if name not in keys}
        statement = self._insert(table).values(dict(values))
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=where))
