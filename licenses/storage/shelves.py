"""Departments, counters and what was published last."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kernel.canonical import canonical
from kernel.clock import from_micros, to_micros
from licenses.shelf_records import Department, Published
from licenses.storage.tables import counters, departments, published
from pki.storage import prepared
from pki.storage.prepared import INSERTS, Prepared, Row
from pki.vault import Vault


class OnConnection(prepared.OnConnection):
    """What every part of the storage stands on."""

    def __init__(self, connection: sa.Connection, vault: Vault) -> None:
        super().__init__(connection)
        self._vault = vault


_FIND_DEPARTMENT = Prepared(sa.select(departments).where(departments.c.uscc == sa.bindparam("uscc")))
_COUNTER = Prepared(sa.select(counters.c.value).where(counters.c.name == sa.bindparam("name")))

_BASE = sa.case((counters.c.value < sa.bindparam("at_least"), sa.bindparam("at_least")), else_=counters.c.value)
_TAKE = {
    name: make(counters)
    .values(name=sa.bindparam("name"), value=sa.bindparam("value"))
    .on_conflict_do_update(index_elements=["name"], set_={"value": _BASE + sa.bindparam("count")})
    .returning(counters.c.value)
    for name, make in INSERTS.items()
}


class SqlShelves(OnConnection):
    """``licenses.shelf_records.ShelfRecords``."""

    def find_department(self, uscc: str) -> Department | None:
        """Return the department with this code."""
        row = self._find(_FIND_DEPARTMENT, uscc=uscc)
        return None if row is None else _department(row)

    def departments(self) -> Sequence[Department]:
        """Return all departments, by area and code."""
        query = sa.select(departments).order_by(departments.c.area_code, departments.c.uscc)
        return [_department(row) for row in self._connection.execute(query).mappings()]

    def put_department(self, department: Department, at: datetime) -> bool:
        """Add or replace a department; tell whether that changed anything."""
        values = {"name": department.name, "area_code": department.area_code, "types": canonical(department.types).decode()}
        statement = self._insert(departments).values(uscc=department.uscc, changed_at=to_micros(at), **values)
        differs = sa.or_(*(departments.c[name] != value for name, value in values.items()))
        statement = statement.on_conflict_do_update(
            index_elements=["uscc"], set_={**values, "changed_at": to_micros(at)}, where=differs
        )
        return self._connection.execute(statement.returning(departments.c.uscc)).first() is not None

    def take_counter(self, name: str, count: int = 1, *, at_least: int = 0) -> int:
        """Move counter ``name`` on by ``count`` and return the first of the values taken (from 1, or after ``at_least``)."""
        values = {"name": name, "value": at_least + count, "count": count, "at_least": at_least}
        last = self._connection.execute(_TAKE[self._connection.dialect.name], values).scalar_one()
        return int(last) - count + 1

    def counter(self, name: str) -> int:
        """Return the last value taken from counter ``name``, 0 when none was."""
        row = self._find(_COUNTER, name=name)
        return 0 if row is None else int(row["value"])

    def find_published(self, what: str) -> Published | None:
        """Return what was last published under this name."""
        row = self._connection.execute(sa.select(published).where(published.c.what == what)).first()
        return None if row is None else Published(row.body, row.revision, from_micros(row.made_at))

    def put_published(self, what: str, newer: Published) -> None:
        """Replace what is published under this name, unless a newer one is there already."""
        values = {"body": newer.body, "revision": newer.revision, "made_at": to_micros(newer.made_at)}
        statement = self._insert(published).values(what=what, **values)
        older = sa.and_(published.c.revision <= newer.revision, published.c.made_at <= to_micros(newer.made_at))
        self._connection.execute(statement.on_conflict_do_update(index_elements=["what"], set_=values, where=older))


def _department(row: Row | sa.RowMapping) -> Department:
    return Department(row["uscc"], row["name"], row["area_code"], tuple(json.loads(row["types"])))
