"""One transaction over a package's records and the audit trail: the SQL behind ``kernel.work``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

from service.audit import SqlAuditTrail
from service.engine import reading

Records = TypeVar("Records")


@dataclass(frozen=True, slots=True)
class SqlWork(Generic[Records]):
    """One open transaction on one connection."""

    records: Records
    audit: SqlAuditTrail


class SqlUnitOfWork(Generic[Records]):
    """Opens transactions whose records are made by ``make_records(connection)``."""

    def __init__(self, engine: sa.Engine, make_records: Callable[[sa.Connection], Records]) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._make_records = make_records

    @contextmanager
    def begin(self) -> Iterator[SqlWork[Records]]:
        """Open a transaction that may write; it commits at the end of the block or rolls back on any exception."""
        with self._engine.begin() as connection:
            yield SqlWork(self._make_records(connection), SqlAuditTrail(connection))

    @contextmanager
    def read(self) -> Iterator[SqlWork[Records]]:
        """Open a transaction that only reads one consistent snapshot."""
        with self._reading.begin() as connection:
            yield SqlWork(self._make_records(connection), SqlAuditTrail(connection))
