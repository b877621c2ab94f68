"""One transaction over a package's records and the audit trail: the SQL behind ``kernel.work``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

from kernel.work import Conflict
from service.audit import SqlAuditTrail
from service.connections import Kind, connections_of

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
        self._make_records = make_records

    def begin(self) -> AbstractContextManager[SqlWork[Records]]:
        """Open a transaction that may write; it commits at the end of the block or rolls back on any exception."""
        return self._open("write")

    def note(self) -> AbstractContextManager[SqlWork[Records]]:
        """Open one that may write and is not waited for until the disk has it."""
        return self._open("note")

    def read(self) -> AbstractContextManager[SqlWork[Records]]:
        """Open a transaction that only reads one consistent snapshot."""
        return self._open("read")

    def look(self) -> AbstractContextManager[SqlWork[Records]]:
        """Read without a transaction: each statement sees what is committed at its moment."""
        return self._open("look")

    @contextmanager
    def _open(self, kind: Kind) -> Iterator[SqlWork[Records]]:
        connections = connections_of(self._engine)  # others, once the engine was disposed of
        kept = connections.begin(kind)
        try:
            yield SqlWork(self._make_records(kept.connection), SqlAuditTrail(kept.connection))
            kept.commit()
        except BaseException as error:
            kept.roll_back()
            if isinstance(error, kept.connection.dialect.loaded_dbapi.IntegrityError):  # a prepared statement's own
                raise Conflict from error
            raise
        finally:
            connections.put_back(kind, kept)
