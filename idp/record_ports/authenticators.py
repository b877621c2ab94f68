"""Stored changes of authenticators, recovery codes, answered challenges, codes that were sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from idp.records import AccountRecord, Authenticator, Channel, CodeUse, SentCode


class AuthenticatorRecords(Protocol):
    """What its owner does to an authenticator. A bool tells whether the one conditional statement took effect."""

    def lock_account(self, account_id: str) -> bool:
        """Make others who would change this account wait for the end of the transaction; False when there is none."""
        ...

    def find_authenticator(self, lookup: bytes) -> Authenticator | None:
        """Return the authenticator that is found under ``lookup``."""
        ...

    def rename_authenticator(self, authenticator_id: str, name: str) -> None:
        """Give it another name, which no other one of its kind may have."""
        ...

    def put_password(self, authenticator_id: str, secret: bytes, *, alone: bool) -> None:
        """Exchange a password."""
        ...

    def remove_authenticator(self, authenticator_id: str) -> bool:
        """Remove it with its recovery codes; False when it is gone already."""
        ...

    def add_recovery_codes(self, authenticator_id: str, digests: Sequence[bytes]) -> None:
        """Store a new set of codes."""
        ...

    def take_recovery_code(self, authenticator_id: str, digest: bytes, at: datetime) -> bool:
        """Use a code; False when there is no such code or it was used before."""
        ...

    def count_recovery_codes(self, authenticator_id: str) -> int:
        """Return how many codes are not used yet."""
        ...

    def put_sent_code(self, sent: SentCode) -> None:
        """Store a code; one that was sent to the account over this channel before is void."""
        ...

    def take_sent_code(self, account_id: str, channel: CodeUse, digest: bytes, at: datetime) -> bytes | None:
        """Use a code up and return where it was sent; None when it is another one, over or was used before."""
        ...

    def note_code_use(self, account_id: str, channel: Channel, at: datetime) -> None:
        """Remember when a code over this channel was last logged in with."""
        ...

    def code_uses(self, account_id: str) -> Mapping[Channel, datetime]:
        """Return that for each channel over which it was done."""
        ...

    def forget_code_use(self, account_id: str, channel: Channel) -> None:
        """Forget it with the address."""
        ...

    def put_person(self, record: AccountRecord) -> None:
        """Exchange an account's personal data and the indexes over it."""
        ...

    def take_challenge(self, digest: bytes, expires_at: datetime) -> bool:
        """Remember that a challenge was answered; False when it was before."""
        ...
