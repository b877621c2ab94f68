"""Stored staff of directories, and how the directories stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from idp.records import AccountRecord, DirectoryPerson, DirectoryState


class DirectoryRecords(Protocol):
    """Whose account which entry is, and up to where each directory was taken over."""

    def replace_account(self, record: AccountRecord) -> bool:
        """Store what is known of an account anew, but for when it was made and whether it is disabled; False when it is not there."""
        ...

    def directory_people(self, directory: str, entry_ids: Sequence[str]) -> Mapping[str, tuple[DirectoryPerson, AccountRecord]]:
        """Return those of the entries that have accounts, by entry."""
        ...

    def directory_entries(self, directory: str) -> Sequence[str]:
        """Return all entries that have accounts, but for those that are gone."""
        ...

    def expired_entries(self, directory: str, now: datetime) -> Sequence[str]:
        """Return the entries whose time is over and which are not locked yet."""
        ...

    def put_directory_person(self, person: DirectoryPerson) -> None:
        """Store whose account an entry is, or what is new of it."""
        ...

    def keep_disabled(self, account_id: str) -> bool:
        """Let an account that its directory disabled stay so whatever the directory says; False when it did not disable it."""
        ...

    def find_directory(self, name: str) -> DirectoryState | None:
        """Return how a directory stands; None: nothing was tried yet."""
        ...

    def put_directory(self, state: DirectoryState) -> None:
        """Store how a directory stands."""
        ...
