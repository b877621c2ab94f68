"""One transaction over a package's records and the audit trail: the SQL behind ``kernel.work``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

from kernel.work import Conflict
from service.audit import SqlAuditTrail
from service.connections import Connections, Kind, connections_of

Records = TypeVar("Records")


@dataclass(frozen=True, slots=True)
class SqlWork(Generic[Records]):
    """One open transaction on one connection."""

    records: Records
    audit: SqlAuditTrail


class _Opening(Generic[Records]):
    """A block's transaction: a class by itself, because each request opens several, and a generator takes twice as many calls."""

    __slots__ = ("_connections", "_kept", "_kind", "_make_records")

    def __init__(self, connections: Connections, kind: Kind, make_records: Callable[[sa.Connection], Records]) -> None:
        self._connections, self._kind, self._make_records = connections, kind, make_records

    def __enter__(self) -> SqlWork[Records]:
        kept = self._kept = self._connections.begin(self._kind)
        try:
            return SqlWork(self._make_records(kept.connection), SqlAuditTrail(kept.connection))
        except BaseException as error:  # a vault that cannot be opened: nobody else would end the transaction
            self.__exit__(None, error, None)
            raise

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            if error is None:
                self._commit()
            else:
                self._undo(error)
        finally:
            self._connections.put_back(self._kind, self._kept)

    def _commit(self) -> None:
        try:
            self._kept.commit()
        except BaseException as error:
            self._undo(error)
            raise

    def _undo(self, error: BaseException) -> None:
        self._kept.roll_back()
        if isinstance(error, self._kept.connection.dialect.loaded_dbapi.IntegrityError):  # a prepared statement's own
            raise Conflict from error


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

    def _open(self, kind: Kind) -> _Opening[Records]:
        return _Opening(connections_of(self._engine), kind, self._make_records)  # others, once the engine was disposed of
