"""What a login looks up, each time all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from idp.records import AccountRecord, Authenticator, Client, Switch, Transaction


class EnteringRecords(Protocol):
    """What is stored elsewhere, together as a login needs it."""

    def find_waiting(self, transaction_id: str) -> tuple[Transaction, Client | None, Sequence[Switch]] | None:
        """Return a login on its way, or finished, with its client and what is switched off."""
        ...

    def find_named(self, username: str) -> tuple[AccountRecord | None, Sequence[Authenticator], Sequence[Switch]]:
        """Return whose username (in its normal form) this is with all their authenticators, oldest first, and what is switched off."""
        ...
