"""What is stored beside the licences: the departments that issue them, counters, and what was published last.

Left to others: SQL (``storage.shelves``), who may issue what (``departments``, ``policies``), what is published (``status``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Department:
    """A department (部门) that issues licences: its unified social credit code, its area and the types it is registered for."""

    uscc: str
    name: str
    area_code: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """Something signed that is served as it is: the status list token, with the state of the registry that it tells."""

    body: str
    revision: int
    made_at: datetime


class ShelfRecords(Protocol):
    """Departments, counters and published bodies, in one transaction."""

    def find_department(self, uscc: str) -> Department | None:
        """Return the department with this code."""
        ...

    def departments(self) -> Sequence[Department]:
        """Return all departments, by area and code."""
        ...

    def put_department(self, department: Department, at: datetime) -> bool:
        """Add or replace a department; tell whether that changed anything."""
        ...

    def take_counter(self, name: str, count: int = 1, *, at_least: int = 0) -> int:
        """Move counter ``name`` on by ``count`` and return the first of the values taken (from 1, or after ``at_least``)."""
        ...

    def counter(self, name: str) -> int:
        """Return the last value taken from counter ``name``, 0 when none was."""
        ...

    def find_published(self, what: str) -> Published | None:
        """Return what was last published under this name."""
        ...

    def put_published(self, what: str, newer: Published) -> None:
        """Replace what is published under this name, unless a newer one is there already."""
        ...
