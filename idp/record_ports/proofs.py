"""Stored numbers that people say are theirs, levels that they reach, codes that they show at a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from idp.records import AccountRecord


class ProofRecords(Protocol):
    """Who says what number is theirs, and whose it was proven to be."""

    def find_number(self, number_index: bytes, *, limit: int) -> Sequence[AccountRecord]:
        """Return the accounts whose owners say that this number is theirs, the surest first."""
        ...
