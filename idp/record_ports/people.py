"""Stored accounts, authenticators and tries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from idp.records import (
    AccountRecord,
    Authenticator,
    ThrottleKey,
    Verification,
)
from pki.vault import Index
from policies.role_models import AccountKind


class AccountRecords(Protocol):
    """Accounts, authenticators and the counting of tries. A bool tells whether the one conditional statement took effect."""

    def add_account(self, record: AccountRecord) -> bool:
        """Store an account; False when its username or holder is taken."""
        ...

    def find_account(self, account_id: str) -> AccountRecord | None:
        """Return the account with this identifier."""
        ...

    def find_username(self, username: str) -> AccountRecord | None:
        """Return the account with this username (in its normal form)."""
        ...

    def find_holder(self, holder_index: Index) -> AccountRecord | None:
        """Return the account of this resident ID or credit code."""
        ...

    def accounts(self, *, after: str = "", kind: AccountKind | None = None, limit: int = 100) -> Sequence[AccountRecord]:
        """Return accounts ordered by username, starting beyond ``after``."""
        ...

    def set_disabled(self, account_id: str, at: datetime | None) -> bool:
        """Disable (or with None enable again); False when it is so already."""
        ...

    def add_verification(self, verification: Verification) -> None:
        """Store the evidence behind a level."""
        ...

    def verifications(self, account_id: str) -> Sequence[Verification]:
        """Return the evidence behind an account's levels, newest first."""
        ...

    def add_authenticator(self, authenticator: Authenticator) -> bool:
        """Store an authenticator; False when the account has one of this kind and name."""
        ...

    def authenticators(self, account_id: str) -> Sequence[Authenticator]:
        """Return all authenticators of an account, oldest first."""
        ...

    def replace_secret(self, authenticator_id: str, secret: bytes, *, instead_of: bytes) -> bool:
        """Exchange an authenticator's secret; False when it is another one by now."""
        ...

    def use_authenticator(self, used: Authenticator, at: datetime) -> bool:
        """Remember when it was last used; False when it was taken away or changed since it was looked up."""
        ...

    def take_step(self, authenticator_id: str, step: int, at: datetime) -> bool:
        """Accept a TOTP time step; False when it or a later one was accepted before."""
        ...

    def take_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> bool:
        """Count a try before it is made; False when the window's tries are used up."""
        ...

    def need_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> None:
        """Do what ``take_try`` does. Where none is left nothing of the whole transaction is done: ``Conflict``, at its end at the latest."""
        ...

    def want_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> Callable[[], bool]:
        """Do what ``take_try`` does; what is returned tells after the transaction whether one was left."""
        ...

    def give_try_back(self, key: ThrottleKey) -> None:
        """Uncount one try, which did not fail."""
        ...

    def forget_tries(self, key: ThrottleKey) -> None:
        """Uncount all tries."""
        ...
