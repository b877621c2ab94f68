"""Going through the rows of a table that are to be made anew, page by page, each page in a transaction: it may be stopped and begun again at any time.

Left to others: which rows are old and what becomes of one (``sealed``, ``indexed``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

_PAGE = 200


def renew_rows(
    engine: sa.Engine,
    table: sa.Table,
    old: sa.ColumnElement[bool],
    renew: Callable[[sa.Connection, sa.RowMapping], None],
    first: Callable[[sa.Connection], None] = lambda _connection: None,
) -> Iterator[int]:
    """Have ``renew`` make each row anew that is ``old``; yield after each page how many were looked at. ``first`` begins each page."""
    (key,) = table.primary_key.columns
    last: Any = None
    while True:
        with engine.begin() as connection:
            first(connection)
            beyond = () if last is None else (key > last,)
            rows = connection.execute(sa.select(table).where(old, *beyond).order_by(key).limit(_PAGE)).mappings().all()
            for row in rows:
                renew(connection, row)
        if not rows:
            return
        last = rows[-1][key.name]
        yield len(rows)


def same_row(table: sa.Table, row: sa.RowMapping) -> sa.ColumnElement[bool]:
    """Return the condition that finds a row again by its primary key."""
    (key,) = table.primary_key.columns
    same: sa.ColumnElement[bool] = key == row[key.name]
    return same
