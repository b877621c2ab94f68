"""Stored recoveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import Recovery


class RecoveryRecords(Protocol):
    """Ways back into accounts. A bool tells whether the one conditional statement took effect."""

    def add_recovery(self, recovery: Recovery) -> None:
        """Store a recovery."""
        ...

    def find_recovery(self, recovery_id: str) -> Recovery | None:
        """Return a recovery, whatever became of it."""
        ...

    def move_recovery(self, before: Recovery, after: Recovery) -> bool:
        """Let ``after`` take the place of ``before``; False when that is not how it stands any more."""
        ...

    def waiting_recoveries(self, account_id: str, at: datetime) -> Sequence[Recovery]:
        """Return an account's recoveries that both proofs were given for and that are not over, oldest first."""
        ...

    def cancel_recoveries(self, account_id: str) -> int:
        """Cancel whatever is on its way for an account; return how many were."""
        ...
