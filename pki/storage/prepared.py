"""Every room's hot statements: built and compiled once for each database, carried out by the driver, which keeps them prepared.

Building a statement, finding its compiled form and wrapping its result cost SQLAlchemy ten times what the database takes to answer. The tables stay
the only place that knows the columns; values go through as they are, so a statement here has none that a type would have to translate.

On a connection without a :class:`Driver` of its own (``service.connections`` gives one to those that it keeps) SQLAlchemy carries them out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Protocol, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg

Row: TypeAlias = Mapping[str, Any]
Inserted: TypeAlias = "sqlite.Insert | postgresql.Insert"
Insert: TypeAlias = Callable[[sa.Table], Inserted]
DRIVER = "chaoxin_driver"
"""The attribute of a connection that has a :class:`Driver`: its ``info`` would take two calls for each statement."""

INSERTS: Mapping[str, Insert] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""Each database's own form of an insert."""
_NUMBERED = psycopg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class Change(Protocol):
    """A statement that was carried out, or will have been when the transaction has ended."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...


class Asked(Protocol):
    """A statement whose rows are there when the transaction has ended."""

    @property
    def rows(self) -> Sequence[Any]:
        """Return them."""
        ...


class Answer(Change, Protocol):
    """What the database answered to a statement."""

    def fetchall(self) -> Sequence[Any]:
        """Return the rows."""
        ...


class Driver(Protocol):
    """Carries out the text of a statement, its values in the order of their places in it. ``is_far``: statements go together, over a network."""

    is_far: bool

    def execute(self, text: str, values: Sequence[Any], /) -> Answer:
        """Carry it out now."""
        ...

    def put_off(self, text: str, values: Sequence[Any], /) -> Change:
        """Carry it out before anything that comes later, and before the transaction ends."""
        ...

    def ask(self, text: str, values: Sequence[Any], /) -> Asked:
        """Carry it out like what is put off, for its rows."""
        ...

    def expect(self, text: str, values: Sequence[Any], /) -> None:
        """Be ready to carry it out in this transaction: it may go with others, and sooner than it is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What the driver is given: the text, and the values ``given`` by name in the order of their places."""

    text: str
    given: Callable[[Mapping[str, Any]], Sequence[Any]]


class Prepared:
    """A statement whose values are named by ``bindparam``, or an insert (``build`` is given the database's own form of it)."""

    def __init__(
        self, build: sa.Select[Any] | sa.TextualSelect | sa.Update | sa.Delete | Callable[[Insert], sa.Executable]
    ) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}
        self._names: tuple[str, ...] = ()

    def change(self, connection: sa.Connection, values: Mapping[str, Any]) -> int:
        """Carry it out in the connection's transaction; how many rows it changed."""
        return self._run(connection, values).rowcount

    def put_off(self, connection: sa.Connection, values: Mapping[str, Any]) -> Change:
        """Carry it out in the connection's transaction: nobody waits for what comes of it before that ends, but a failure undoes it."""
        driver: Driver | None = getattr(connection, DRIVER, None)
        if driver is None:
            return self._run(connection, values)
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        return driver.put_off(compiled.text, compiled.given(values))

    def expect(self, connection: sa.Connection, values: Mapping[str, Any]) -> None:
        """Tell that it will be asked for with these values, so that its answer may come with those of others; what it finds is of now."""
        driver: Driver | None = getattr(connection, DRIVER, None)
        if driver is not None and driver.is_far:
            compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
            driver.expect(compiled.text, compiled.given(values))

    def ask(self, connection: sa.Connection, values: Mapping[str, Any]) -> Callable[[], Row | None]:
        """Ask for the first row; what is returned tells it when the transaction has ended."""
        driver: Driver | None = getattr(connection, DRIVER, None)
        if driver is None or not driver.is_far:
            row = self.first(connection, values)
            return lambda: row
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        asked, dialect = driver.ask(compiled.text, compiled.given(values)), connection.dialect
        return lambda: next(iter(self._named(dialect, asked.rows)), None)

    def first(self, connection: sa.Connection, values: Mapping[str, Any]) -> Row | None:
        """Return the first row or None."""
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def all(self, connection: sa.Connection, values: Mapping[str, Any]) -> Sequence[Row]:
        """Return all rows."""
        return self._named(connection.dialect, self._run(connection, values).fetchall())

    def _named(self, dialect: sa.Dialect, found: Sequence[Any]) -> Sequence[Row]:
        if not found:
            return ()
        names = self._names = self._names or tuple(cast("Any", self._statement(dialect)).exported_columns.keys())
        return [dict(zip(names, row, strict=True)) for row in found]

    def _run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Answer:
        driver: Driver | None = getattr(connection, DRIVER, None)
        if driver is None:
            return connection.execute(self._statement(connection.dialect), dict(values))
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        return driver.execute(compiled.text, compiled.given(values))

    def _statement(self, dialect: sa.Dialect) -> sa.Executable:
        return self._build(INSERTS[dialect.name]) if callable(self._build) else self._build

    def _compile(self, dialect: sa.Dialect) -> _Compiled:
        form = dialect if dialect.name == "sqlite" else _NUMBERED
        compiled = cast("Any", self._statement(dialect)).compile(dialect=form)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        found = self._compiled[dialect.name] = _Compiled(compiled.string, _in_order(compiled.positiontup, constants))
        return found


def _in_order(names: Sequence[str], constants: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """Return what puts values in the order of ``names``, with the statement's own ``constants`` among them."""
    pick: Callable[[Mapping[str, Any]], Sequence[Any]]
    pick = itemgetter(*names) if len(names) > 1 else lambda values: [values[name] for name in names]
    return (lambda values: pick({**constants, **values})) if constants else pick


@dataclass(frozen=True, slots=True)
class Provided:
    """A condition on stored records for another room's statement: SQL that is always the same one, and the values that it names."""

    clause: sa.ColumnElement[bool]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Named:
    """What stored records name, for another room's statement: SQL, always the same one, that finds one text or none, and its values."""

    text: sa.Select[tuple[str]]
    values: Mapping[str, Any]


class OnConnection:
    """What a room's records stand on: one connection, and the prepared statements that are carried out on it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _find(self, statement: Prepared, **values: Any) -> Row | None:
        """Return the first row of a prepared statement."""
        return statement.first(self._connection, values)

    def _find_all(self, statement: Prepared, **values: Any) -> Sequence[Row]:
        """Return all rows of a prepared statement."""
        return statement.all(self._connection, values)

    def _run(self, statement: Prepared, **values: Any) -> bool:
        """Carry out a prepared change; tell whether it changed anything."""
        return statement.change(self._connection, values) > 0

    def _put_off(self, statement: Prepared, **values: Any) -> None:
        """Carry out a prepared insert of which nothing is wanted back."""
        statement.put_off(self._connection, values)

    def _insert(self, table: sa.Table) -> Inserted:
        """Return an insert that knows ``on_conflict_…``, which either database spells alike."""
        return INSERTS[self._connection.dialect.name](table)


def put(statement: Inserted, names: Collection[str] | None = None) -> Inserted:
    """Let an insert of these columns (None: all) replace the row with the same primary key."""
    table = statement.table
    rest = {one.name: statement.excluded[one.name] for one in table.columns if not one.primary_key}
    chosen = {name: value for name, value in rest.items() if names is None or name in names}
    return statement.on_conflict_do_update(index_elements=[one.name for one in table.primary_key], set_=chosen)
