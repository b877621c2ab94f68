"""Stored sessions and logins on their way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import (
    AccountRecord,
    Client,
    Foreseen,
    PushedRequest,
    Session,
    Transaction,
)


class SessionRecords(Protocol):
    """Sessions and logins on their way."""

    def add_session(self, session: Session) -> None:
        """Store a session; ``Conflict``, at the end at the latest, where its account does not stand any more."""
        ...

    def lend_session(self, lent: Session, lender_id: str) -> bool:
        """Store a session that another lends; False when that one was ended meanwhile."""
        ...

    def find_session(self, session_id: str) -> Session | None:
        """Return the session with this identifier."""
        ...

    def find_session_by_secret(self, secret_hash: bytes) -> tuple[Session, AccountRecord] | None:
        """Return the session whose cookie has this hash, with its account."""
        ...

    def sessions(self, account_id: str) -> Sequence[Session]:
        """Return the sessions of an account that were not ended, newest first."""
        ...

    def see_session(self, session_id: str, at: datetime) -> None:
        """Move on the moment at which it was last used."""
        ...

    def raise_session(self, session: Session) -> bool:
        """Store a new level, methods, lifetime and cookie hash; False when the session was ended meanwhile."""
        ...

    def end_session(self, session_id: str, at: datetime) -> bool:
        """End a session, revoke its grants that don't outlive it and owe its clients a logout; False when it was ended before."""
        ...

    def end_sessions(self, account_id: str, at: datetime) -> int:
        """End all sessions of an account, revoke *all* its grants and owe the clients logouts; return how many sessions were ended.

        What waits for a second factor is void with them.
        """
        ...

    def end_acting(self, mandate_id: str, at: datetime) -> int:
        """Revoke all grants by a mandate and owe their clients a logout of the session; return how many grants that were."""
        ...

    def tell_client(
        self, session_id: str, client_id: str, at: datetime, known: Client | None = None, foreseen: Foreseen | None = None
    ) -> None:
        """Remember that a client is told of this session.

        ``Conflict``, at the end of the transaction at the latest, where the session was ended meanwhile, or its ``known`` client, or what was
        ``foreseen`` beside that, is not what it was.
        """
        ...

    def finish_telling(self, transaction_id: str, session_id: str, client_id: str, at: datetime) -> None:
        """Finish a login on its way by telling its client of this session; ``Conflict`` likewise where either was over before."""
        ...

    def session_clients(self, session_id: str) -> Sequence[tuple[Client, datetime]]:
        """Return the clients that were told of this session, with the moment of the last time."""
        ...

    def add_transaction(self, transaction: Transaction, known: Client | None = None) -> None:
        """Store a login on its way; ``Conflict``, at the end at the latest, where its ``known`` client is not what it was."""
        ...

    def find_transaction(self, transaction_id: str) -> Transaction | None:
        """Return a login on its way, or finished."""
        ...

    def bind_transaction(self, transaction_id: str, browser_hash: bytes) -> bool:
        """Bind it to the first browser that shows it; False when one has it."""
        ...

    def pass_factor(self, transaction_id: str, account_id: str, passed: tuple[str, ...]) -> bool:
        """Remember the factors passed; False when it was finished meanwhile."""
        ...

    def keep_passed(self, transaction_id: str, account_id: str) -> bool:
        """Keep others from voiding the factors passed until the unit of work is over; False when somebody was quicker."""
        ...

    def void_passed(self, account_id: str) -> None:
        """Let no login go on by a factor of this account that was passed before: all begin anew."""
        ...

    def authenticate_transaction(self, transaction_id: str, account_id: str, at: datetime) -> bool:
        """Remember that somebody logged in through it; False when it was finished meanwhile."""
        ...

    def choose_identity(self, transaction_id: str, acting: str) -> bool:
        """Remember as whom somebody acts in it; False when it was finished meanwhile."""
        ...

    def finish_transaction(self, transaction_id: str, at: datetime) -> bool:
        """Finish it; False when it was finished before."""
        ...

    def add_pushed_request(self, pushed: PushedRequest) -> None:
        """Store a pushed authorization request."""
        ...

    def find_pushed_request(self, uri_hash: bytes, client_id: str, at: datetime) -> PushedRequest | None:
        """Return a client's pushed request; None when it is unknown, another's, too old at ``at``, or was used up."""
        ...

    def use_pushed_request(self, uri_hash: bytes) -> bool:
        """Use up a pushed request, however old it has become while somebody logged in; False when it was before."""
        ...
