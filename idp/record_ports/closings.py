"""Accounts that their owners close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import AccountRecord, Closing


class ClosingRecords(Protocol):
    """Closings. A bool tells whether the one conditional statement took effect."""

    def add_closing(self, closing: Closing) -> bool:
        """Store that an account is to be closed; False when it is so already."""
        ...

    def find_closing(self, account_id: str) -> Closing | None:
        """Return how an account is being closed."""
        ...

    def due_closings(self, at: datetime, *, limit: int) -> Sequence[Closing]:
        """Return those whose time has come."""
        ...

    def cancel_closing(self, account_id: str) -> bool:
        """Take it back; False when there is none or it has happened."""
        ...

    def finish_closing(self, account_id: str, at: datetime) -> bool:
        """Say that it has happened; False when it had, or was taken back."""
        ...

    def erase_account(self, record: AccountRecord) -> None:
        """Store what is left of an account, and remove everything else that is about its owner."""
        ...
