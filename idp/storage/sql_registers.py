"""Registers as a table or a view of somebody's database, which is only read: one question with its number, one row or none.

Whatever else happens is one refusal: the database is away, it does not answer in time, it has no such column, a row says what cannot be, or
there are two of one number. Left to others: which database, table and columns (the configuration), what an entry may be (``registers.http``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Thread
from typing import Any

import sqlalchemy as sa

from idp.registers.csv_files import LEGAL_PERSONS, PEOPLE
from idp.registers.errors import REGISTER_AWAY
from idp.registers.http import read_legal_person
from idp.registers.ports import LegalPerson, Match
from kernel.clock import monotonic
from kernel.errors import Refusal
from kernel.text import normal_form

_AT_ONCE = 8
_STEPS = 10_000
"""After so many of its instructions SQLite asks whether to go on."""


@dataclass(frozen=True, slots=True)
class SqlTable:
    """A table or view (``schema.table``) and its columns by our names; each question takes at most ``seconds``, whatever the server does."""

    engine: sa.Engine
    name: str
    columns: Mapping[str, str]
    seconds: float
    slots: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AT_ONCE), repr=False)

    def find(self, key: str, value: str) -> dict[str, str] | None:
        """Return the one row whose ``key`` is ``value``, None when there is none; ``Refusal(register_away)``."""
        if not self.slots.acquire(blocking=False):
            raise Refusal(REGISTER_AWAY)
        answers: list[Sequence[sa.RowMapping]] = []

        def ask() -> None:
            try:
                answers.append(self._ask(key, value))
            except (sa.exc.SQLAlchemyError, UnicodeError):
                return
            finally:
                self.slots.release()

        # Beside this request: no driver's own limits hold against a server that takes a connection and then says nothing.
        asking = Thread(target=ask, name="register", daemon=True)
        asking.start()
        asking.join(self.seconds)
        if not answers or len(answers[0]) > 1:
            raise Refusal(REGISTER_AWAY)
        if not answers[0]:
            return None
        row = {name: answers[0][0][name] for name in self.columns}
        if not all(isinstance(each, str) for each in row.values()):
            raise Refusal(REGISTER_AWAY)
        return {name: each.strip() for name, each in row.items()}

    def _ask(self, key: str, value: str) -> Sequence[sa.RowMapping]:
        schema, _, table = self.name.rpartition(".")
        columns = {name: sa.column(there, sa.String) for name, there in self.columns.items()}
        source = sa.table(table, *columns.values(), schema=schema or None)
        query = sa.select(*(column.label(name) for name, column in columns.items())).select_from(source)
        with self.engine.connect() as connection, connection.begin():
            self._limit(connection)
            return connection.execute(query.where(columns[key] == value).limit(2)).mappings().all()

    def _limit(self, connection: sa.Connection) -> None:
        """Let this transaction read only, and for so long."""
        if connection.dialect.name == "sqlite":
            end, driver = monotonic() + self.seconds, connection.connection.dbapi_connection
            connection.exec_driver_sql("PRAGMA query_only = ON")
            if driver is not None:
                driver.set_progress_handler(lambda: monotonic() > end, _STEPS)
        else:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(self.seconds * 1000)}")


@dataclass(frozen=True, slots=True)
class SqlPopulationRegister:
    """A ``PopulationRegister`` in somebody's database."""

    table: SqlTable

    def match(self, name: str, resident_id: str) -> Match:
        """Look the number up."""
        row = self.table.find(PEOPLE[1], resident_id)
        return "matched" if row is not None and normal_form(row["name"]) == normal_form(name) else "not_matched"


@dataclass(frozen=True, slots=True)
class SqlLegalPersonRegister:
    """A ``LegalPersonRegister`` in somebody's database."""

    table: SqlTable

    def find(self, uscc: str) -> LegalPerson | None:
        """Look the code up."""
        row = self.table.find(LEGAL_PERSONS[0], uscc)
        if row is None:
            return None
        representative = {"name": row["representative_name"], "resident_id": row["representative_id"]}
        entry: dict[str, Any] = {name: row[name] for name in ("uscc", "name", "status")}
        return read_legal_person(uscc, entry | {"representative": representative})
