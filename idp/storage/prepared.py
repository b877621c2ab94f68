"""Hot statements: built and compiled once for each database, carried out by the driver, which keeps them prepared.

Building a statement, finding its compiled form and wrapping its result cost SQLAlchemy ten times what the database takes to answer. The tables stay
the only place that knows the columns; values go through as they are, so a statement here has none that a type would have to translate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Row: TypeAlias = Mapping[str, Any]
Inserted: TypeAlias = "sqlite.Insert | postgresql.Insert"
Insert: TypeAlias = Callable[[sa.Table], Inserted]
_EXECUTE = "chaoxin_execute"
_INSERTS: Mapping[str, Insert] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What the driver is given. ``order`` is that of the values where they have no names; ``constants`` the statement's own values."""

    text: str
    order: Sequence[str] | None
    constants: Mapping[str, Any]


class Prepared:
    """A statement whose values are named by ``bindparam``, or an insert (``build`` is given the database's own form of it)."""

    def __init__(self, build: sa.Select[Any] | sa.Update | sa.Delete | Callable[[Insert], sa.Executable]) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}
        self._names: tuple[str, ...] = ()

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Any:
        """Carry it out in the connection's transaction; the driver's cursor."""
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        named = {**compiled.constants, **values} if compiled.constants else values
        given = named if compiled.order is None else [named[name] for name in compiled.order]
        execute = connection.info.get(_EXECUTE) or _prepare(connection)
        return execute(compiled.text, given)

    def first(self, connection: sa.Connection, values: Mapping[str, Any]) -> Row | None:
        """Return the first row or None."""
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def all(self, connection: sa.Connection, values: Mapping[str, Any]) -> Sequence[Row]:
        """Return all rows."""
        cursor = self.run(connection, values)
        found = cursor.fetchall()
        if not found:
            return ()
        names = self._names = self._names or tuple(column[0] for column in cursor.description)
        return [dict(zip(names, row, strict=True)) for row in found]

    def _compile(self, dialect: sa.Dialect) -> _Compiled:
        build = self._build
        statement = build(_INSERTS[dialect.name]) if callable(build) else build
        compiled = cast("Any", statement).compile(dialect=dialect)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        found = self._compiled[dialect.name] = _Compiled(compiled.string, compiled.positiontup, constants)
        return found


def _prepare(connection: sa.Connection) -> Callable[..., Any]:
    """Return what carries out statements on a connection: one cursor of psycopg's for all (making one costs as much as using it)."""
    driver: Any = connection.connection.dbapi_connection
    execute = driver.execute if connection.dialect.name == "sqlite" else driver.cursor().execute
    found: Callable[..., Any] = connection.info.setdefault(_EXECUTE, execute)
    return found


def put(statement: Inserted) -> Inserted:
    """Let an insert replace the row with the same primary key."""
    table = statement.table
    keys = [column.name for column in table.primary_key]
    rest = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)
