"""What the room stores, as its operations ask for it: one Protocol for each kind of record, filled by ``storage``.

Left to others: the records themselves (``records``), SQL (``storage``), every decision (the operations).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import (
    AccountRecord,
    Authenticator,
    Client,
    Code,
    Consent,
    Grant,
    PushedRequest,
    RefreshToken,
    Session,
    SigningKey,
    ThrottleKey,
    Transaction,
)
from policies.models import AccountKind


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

    def find_holder(self, holder_index: bytes) -> AccountRecord | None:
        """Return the account of this resident ID or credit code."""
        ...

    def accounts(self, *, after: str = "", kind: AccountKind | None = None, limit: int = 100) -> Sequence[AccountRecord]:
        """Return accounts ordered by username, starting beyond ``after``."""
        ...

    def set_disabled(self, account_id: str, at: datetime | None) -> bool:
        """Disable (or with None enable again); False when it is so already."""
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

    def use_authenticator(self, authenticator_id: str, at: datetime) -> None:
        """Remember when it was last used."""
        ...

    def take_step(self, authenticator_id: str, step: int, at: datetime) -> bool:
        """Accept a TOTP time step; False when it or a later one was accepted before."""
        ...

    def take_try(self, key: ThrottleKey, *, now: datetime, window_seconds: int, limit: int) -> bool:
        """Count a try before it is made; False when the window's tries are used up."""
        ...

    def give_try_back(self, key: ThrottleKey) -> None:
        """Uncount one try, which did not fail."""
        ...

    def forget_tries(self, key: ThrottleKey) -> None:
        """Uncount all tries."""
        ...


class ClientRecords(Protocol):
    """Registered clients, what was agreed to for them, and the client assertions that were used."""

    def add_client(self, client: Client) -> bool:
        """Store a client; False when the client_id is taken."""
        ...

    def find_client(self, client_id: str) -> Client | None:
        """Return the client, disabled or not."""
        ...

    def disable_client(self, client_id: str, at: datetime) -> bool:
        """Disable a client; False when there is none or it is disabled already."""
        ...

    def clients(self) -> Sequence[Client]:
        """Return all clients ordered by client_id."""
        ...

    def is_origin(self, origin: str) -> bool:
        """Tell whether an enabled public client registered this origin."""
        ...

    def take_assertion(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """Remember a client assertion; False when its ``jti`` was used."""
        ...

    def find_consent(self, account_id: str, client_id: str) -> Consent | None:
        """Return what was agreed to."""
        ...

    def put_consent(self, consent: Consent) -> None:
        """Store or replace what was agreed to."""
        ...


class SessionRecords(Protocol):
    """Sessions and logins on their way."""

    def add_session(self, session: Session) -> None:
        """Store a session."""
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
        """End a session and revoke its grants that don't outlive it; False when it was ended before."""
        ...

    def end_sessions(self, account_id: str, at: datetime) -> int:
        """End all sessions of an account and revoke *all* its grants; return how many sessions were ended."""
        ...

    def put_session_client(self, session_id: str, client_id: str, at: datetime) -> None:
        """Remember that a client was told of this session."""
        ...

    def session_clients(self, session_id: str) -> Sequence[tuple[Client, datetime]]:
        """Return the clients that were told of this session, with the moment of the last time."""
        ...

    def add_transaction(self, transaction: Transaction) -> None:
        """Store a login on its way."""
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

    def authenticate_transaction(self, transaction_id: str, account_id: str, at: datetime) -> bool:
        """Remember that somebody logged in through it; False when it was finished meanwhile."""
        ...

    def finish_transaction(self, transaction_id: str, at: datetime) -> bool:
        """Finish it; False when it was finished before."""
        ...

    def add_pushed_request(self, pushed: PushedRequest) -> None:
        """Store a pushed authorization request."""
        ...

    def take_pushed_request(self, uri_hash: bytes, client_id: str, at: datetime) -> PushedRequest | None:
        """Consume a client's pushed request; None when it is unknown, another's, over, or was consumed before."""
        ...


class GrantRecords(Protocol):
    """Grants, codes, refresh tokens, revoked access tokens, signing keys."""

    def add_grant(self, grant: Grant) -> None:
        """Store a grant."""
        ...

    def find_grant(self, grant_id: str) -> Grant | None:
        """Return a grant, revoked or not."""
        ...

    def revoke_grant(self, grant_id: str, at: datetime) -> bool:
        """Revoke a grant and with it every token of its family; False when it was revoked before."""
        ...

    def add_code(self, code: Code) -> None:
        """Store a code."""
        ...

    def redeem_code(self, code_hash: bytes, at: datetime) -> Code | None:
        """Consume a code and return it; None when it is unknown or was consumed before."""
        ...

    def find_code(self, code_hash: bytes) -> Code | None:
        """Return a code, consumed or not."""
        ...

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Store a refresh token."""
        ...

    def use_refresh_token(self, token_hash: bytes, at: datetime) -> RefreshToken | None:
        """Mark a refresh token as used and return it; None when it is unknown or was used before."""
        ...

    def find_refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        """Return a refresh token, used or not."""
        ...

    def revoke_access_token(self, jti: str, expires_at: datetime) -> None:
        """Remember, until it expires, that one access token does not count any more."""
        ...

    def is_access_token_revoked(self, jti: str) -> bool:
        """Tell whether one access token was revoked by itself."""
        ...

    def signing_keys(self) -> Sequence[SigningKey]:
        """Return all signing keys by algorithm and sequence."""
        ...

    def plan_signing_key(self, key: SigningKey) -> bool:
        """Record that a key is about to be made; False when another process has."""
        ...

    def publish_signing_key(self, key: SigningKey) -> None:
        """Record the public half and the certificate of a key that has no certificate yet."""
        ...

    def clean_up(self, now: datetime, *, kept_seconds: int) -> int:
        """Remove what is over and, where replays must still be known, ``kept_seconds`` past; return how many rows."""
        ...
