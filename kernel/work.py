"""The unit of work: one transaction over a package's records and the audit trail together.

A package's ``ports.py`` says what its *records* can do, its ``storage.py`` does it in SQL on one connection, and ``service``
opens the connection. An operation therefore reads ``with deps.work.begin() as work: work.records.…; work.audit.record(…)``
and everything in the block commits together or not at all.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from kernel.audit import AuditTrail

Records_co = TypeVar("Records_co", covariant=True)


class Conflict(Exception):  # noqa: N818 - no error: somebody else was first
    """What a transaction stands on was changed by somebody else; nothing of it was done."""


class Work(Protocol[Records_co]):
    """One open transaction."""

    @property
    def records(self) -> Records_co:
        """The package's own records."""
        ...

    @property
    def audit(self) -> AuditTrail:
        """The audit trail, in the same transaction."""
        ...


class UnitOfWork(Protocol[Records_co]):
    """Opens transactions."""

    def begin(self) -> AbstractContextManager[Work[Records_co]]:
        """Open a transaction that may write; commits at the end of the block, rolls back on any exception."""
        ...

    def note(self) -> AbstractContextManager[Work[Records_co]]:
        """Open a transaction like :meth:`begin` that promises nothing to anybody: a cut of the power may undo the last of these."""
        ...

    def read(self) -> AbstractContextManager[Work[Records_co]]:
        """Open a transaction that only reads: one consistent snapshot."""
        ...

    def look(self) -> AbstractContextManager[Work[Records_co]]:
        """Read without a transaction, for look-ups each of which answers by itself: two of them may see different states."""
        ...
