"""What admins ask for, and accounts as they look for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, Protocol

from idp.records import AccountRecord, Channel, Proposal
from pki.vault import Index


class AdministrationRecords(Protocol):
    """Proposals, and accounts by what an admin knows of them."""

    def add_proposal(self, proposal: Proposal) -> None:
        """Store what waits for a second admin."""
        ...

    def find_proposal(self, proposal_id: str) -> Proposal | None:
        """Return what was asked for."""
        ...

    def proposals(self, *, only_open_at: datetime | None = None, limit: int = 100) -> Sequence[Proposal]:
        """Return what was asked for, newest first; with a moment only what can be decided then."""
        ...

    def decide_proposal(self, proposal_id: str, state: Literal["approved", "rejected"], *, by: str, at: datetime) -> bool:
        """Decide what is open and not too old; False when it was decided before or its time is over."""
        ...

    def set_roles(self, account_id: str, roles: tuple[str, ...], *, instead_of: tuple[str, ...]) -> bool:
        """Exchange an account's roles; False when they are others by now."""
        ...

    def accounts_reached_at(self, channel: Channel, index: Index) -> Sequence[AccountRecord]:
        """Return the accounts with a phone number or e-mail address."""
        ...

    def staff(self, *, organization: str | None, after: str = "", limit: int = 100) -> Sequence[AccountRecord]:
        """Return staff, of one organisation or all, ordered by username, starting beyond ``after``."""
        ...

    def accounts_by_id(self, ids: Collection[str]) -> Sequence[AccountRecord]:
        """Return those of these accounts that there are."""
        ...

    def accounts_with_roles(self) -> Sequence[AccountRecord]:
        """Return everybody who has any role, by username."""
        ...
