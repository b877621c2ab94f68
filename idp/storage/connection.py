"""What the parts of the records share: the connection, and how values are written and read."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql import Executable

from kernel.canonical import Json
from kernel.clock import from_micros, to_micros
from pki.storage import prepared
from pki.storage.prepared import INSERTS, put

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class OnConnection(prepared.OnConnection):
    """What the parts of the records share: the connection and how values are written."""

    def _add_once(self, table: sa.Table, values: Mapping[str, Any]) -> bool:
        """Insert a row unless any unique constraint has its like."""
        statement = _adding(self._connection.dialect.name, table)
        return self._connection.execute(statement, dict(values)).first() is not None

    def _put(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        """Insert a row or replace the one with the same primary key."""
        self._connection.execute(_putting(self._connection.dialect.name, table, frozenset(values)), dict(values))

    def _change(self, statement: sa.Update | sa.Delete) -> bool:
        return self._connection.execute(statement).rowcount > 0

    def _first(self, statement: sa.Select[Any]) -> sa.RowMapping | None:
        return self._connection.execute(statement).mappings().first()

    def _all(self, statement: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        return self._connection.execute(statement).mappings().all()


# Building a statement takes longer than carrying it out, so those that are always the same are built once.


@functools.cache
def _adding(dialect: str, table: sa.Table) -> Executable:
    # What was inserted is asked for, because drivers don't agree on the row count of an insert.
    return INSERTS[dialect](table).on_conflict_do_nothing().returning(*table.primary_key)


@functools.cache
def _putting(dialect: str, table: sa.Table, names: frozenset[str]) -> Executable:
    return put(INSERTS[dialect](table), names)


def as_values(record: DataclassInstance) -> dict[str, Any]:
    """Return the fields of a record by name, as they are."""
    names, values = _fields(type(record))
    return dict(zip(names, values(record), strict=True))


@functools.cache
def _fields(kind: type[DataclassInstance]) -> tuple[Sequence[str], Callable[[DataclassInstance], Sequence[Any]]]:
    names = [field.name for field in fields(kind)]
    return names, attrgetter(*names)


def as_json(value: Json) -> str:
    """Return the stored form of a list or an object. Nobody hashes or compares it, so it need not be the canonical one."""
    return _ENCODER.encode(value)


@functools.lru_cache(maxsize=2048)  # they are the same again and again
def as_texts(value: tuple[str, ...]) -> str:
    """Return the stored form of a list of texts."""
    return as_json(value)


@functools.lru_cache(maxsize=2048)
def texts(value: str) -> tuple[str, ...]:
    """Return a stored list of texts."""
    return tuple(json.loads(value))


def micros(moment: datetime | None) -> int | None:
    """Return the stored form of a moment that may be missing."""
    return None if moment is None else to_micros(moment)


def moment(value: int | None) -> datetime | None:
    """Return a stored moment that may be missing."""
    return None if value is None else from_micros(value)
