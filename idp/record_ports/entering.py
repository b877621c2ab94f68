"""What a login looks up, each time all at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import AccountRecord, Authenticator, Client, Foreseen, Session, Switch, Transaction


class EnteringRecords(Protocol):
    """What is stored elsewhere, together as a login needs it."""

    def find_waiting(self, transaction_id: str) -> tuple[Transaction, Client | None, Sequence[Switch]] | None:
        """Return a login on its way, or finished, with its client and what is switched off."""
        ...

    def find_comer(self, secret_hash: bytes, client_id: str) -> tuple[Session, AccountRecord, Foreseen | None] | None:
        """Return the session whose cookie has this hash with its account, and what a client's answer stands on; not for an agent of anybody's."""
        ...

    def find_named(self, username: str) -> tuple[AccountRecord | None, Sequence[Authenticator], Sequence[Switch]]:
        """Return whose username (in its normal form) this is with all their authenticators, oldest first, and what is switched off."""
        ...

    def expect_transaction(self, transaction_id: str) -> None:
        """Be ready for a login on its way, which must be asked for."""
        ...

    def expect_use(self, used: Authenticator, at: datetime) -> None:
        """Be ready for the use of an authenticator at this moment, which takes place in any case."""
        ...

    def foresee(self, account_id: str, client_id: str) -> tuple[Client | None, Foreseen | None]:
        """Return the client, disabled or not, and what its answer stands on; not for an agent of anybody's."""
        ...

    def expect_foreseeing(self, account_id: str, client_id: str) -> None:
        """Be ready for what an answer stands on. It is of now."""
        ...

    def expect_weighing(self, account_id: str, devices: Sequence[bytes], *, logins: int) -> None:
        """Be ready for what a login is weighed by: the browser's values, and so many logins before it, if any."""
        ...
