"""Stored numbers that people say are theirs, levels that they reach, codes that they show at a window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import AccountRecord, WindowCode
from pki.vault import Index


class ProofRecords(Protocol):
    """Who says what number is theirs, and whose it was proven to be."""

    def find_number(self, number_index: Index, *, limit: int) -> Sequence[AccountRecord]:
        """Return the accounts whose owners say that this number is theirs, the surest first."""
        ...

    def put_proven(self, record: AccountRecord) -> bool:
        """Store an account's person, level and number; False when the number is another account's."""
        ...

    def put_window_code(self, code: WindowCode) -> None:
        """Store a code; the account's earlier one is void."""
        ...

    def find_window_code(self, digest: bytes, at: datetime) -> AccountRecord | None:
        """Return whose code this is, while it counts."""
        ...

    def end_window_code(self, account_id: str) -> None:
        """Let the account's code count no longer."""
        ...
