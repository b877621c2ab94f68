"""Stored grants, codes, tokens and signing keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import (
    AccountRecord,
    Client,
    Code,
    Grant,
    RefreshFamily,
    RefreshToken,
    SigningKey,
    Use,
)


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

    def revoke_grants(self, account_id: str, client_id: str, at: datetime) -> int:
        """Revoke all grants of somebody to a client, with every token; return how many."""
        ...

    def add_code(self, code: Code) -> None:
        """Store a code."""
        ...

    def redeem_code(self, code_hash: bytes, at: datetime) -> tuple[Code, Grant] | None:
        """Consume a code and return it with its grant, revoked or not; None when it is unknown or was consumed before."""
        ...

    def find_code(self, code_hash: bytes) -> Code | None:
        """Return a code, consumed or not."""
        ...

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Store a refresh token."""
        ...

    def rotate_refresh_token(self, token_hash: bytes, successor: RefreshToken, use: Use) -> None:
        """Mark a refresh token as used and store its successor.

        ``Conflict``, at the latest when the transaction is to be committed, where it was used before or its grant does not stand.
        """
        ...

    def find_refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        """Return a refresh token, used or not."""
        ...

    def find_refresh_family(self, token_hash: bytes) -> RefreshFamily | None:
        """Return a refresh token with what it rests on."""
        ...

    def find_showing_client(self, client_id: str, token_hash: bytes) -> tuple[Client, RefreshFamily | None] | None:
        """Return the client that shows a refresh token, disabled or not, and the token's family, which may be another's."""
        ...

    def revoke_access_token(self, jti: str, expires_at: datetime) -> None:
        """Remember, until it expires, that one access token does not count any more."""
        ...

    def does_access_token_count(self, client_id: str, jti: str, grant_id: str | None) -> bool:
        """Tell whether client, token, and where there is one grant, its client and account, all still stand."""
        ...

    def find_asking_client(self, asker: str, client_id: str, jti: str, grant_id: str | None) -> tuple[Client, bool] | None:
        """Return the client ``asker``, disabled or not, and whether the access token that it asks about counts."""
        ...

    def find_standing(self, client_id: str, jti: str, grant_id: str) -> tuple[Client, Grant, AccountRecord] | None:
        """Return client, grant and account of an access token that counts, None where it or any of them does not."""
        ...

    def take_proof(self, jkt: str, jti: str, expires_at: datetime) -> bool:
        """Remember a DPoP proof; False when this key's ``jti`` was used."""
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

    def clean_up(self, now: datetime, *, kept_seconds: int, login_seconds: int) -> int:
        """Remove what is over and, where replays must still be known, ``kept_seconds`` past; return how many rows.

        Pushed requests stay for ``login_seconds`` more, in which somebody who came with them may still log in.
        """
        ...
