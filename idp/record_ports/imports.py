"""Storing many accounts at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from idp.records import AccountRecord, Authenticator, Verification
from pki.vault import Index


class ImportRecords(Protocol):
    """Accounts by the hundred, a statement for all of them."""

    def add_accounts(self, records: Sequence[AccountRecord]) -> Collection[str]:
        """Store those whose username and holder are free; return their identifiers."""
        ...

    def add_verifications(self, verifications: Sequence[Verification]) -> None:
        """Store the evidence behind their levels."""
        ...

    def add_authenticators(self, authenticators: Sequence[Authenticator]) -> None:
        """Store the authenticators of new accounts."""
        ...

    def accounts_like(self, people: Iterable[tuple[Index, str]]) -> Sequence[AccountRecord]:
        """Return the accounts that have one of these numbers, theirs or only said, or one of the usernames beside them."""
        ...
