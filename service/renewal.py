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
    keys = table.primary_key.columns.values()
    last: tuple[Any, ...] | None = None
    while True:
        with engine.begin() as connection:
            first(connection)
            beyond = () if last is None else (sa.tuple_(*keys) > last,)
            rows = connection.execute(sa.select(table).where(old, *beyond).order_by(*keys).limit(_PAGE)).mappings().all()
            for row in rows:
                renew(connection, row)
        if not rows:
            return
        last = tuple(rows[-1][key.name] for key in keys)
        yield len(rows)


def same_row(table: sa.Table, row: sa.RowMapping) -> sa.ColumnElement[bool]:
    """Return the condition that finds a row again by its primary key."""
    return sa.and_(*(key == row[key.name] for key in table.primary_key.columns))
