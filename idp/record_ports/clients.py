"""Stored clients and consents."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from idp.records import (
    Client,
    Consent,
    Invitation,
)
from kernel.audit import Condition


class ClientRecords(Protocol):
    """Registered clients, what was agreed to for them, and the client assertions that were used."""

    def add_client(self, client: Client) -> bool:
        """Store a client; False when the client_id is taken."""
        ...

    def find_client(self, client_id: str) -> Client | None:
        """Return the client, disabled or not."""
        ...

    def update_client(self, client: Client) -> bool:
        """Store what is registered of a client from now on; False when it was changed or disabled since ``client`` was read."""
        ...

    def stands_as(self, client: Client) -> Condition:
        """Return the condition that a client is enabled, and registered as it was when ``client`` was read."""
        ...

    def disable_client(self, client_id: str, at: datetime) -> bool:
        """Disable a client; False when there is none or it is disabled already."""
        ...

    def enable_client(self, client_id: str) -> bool:
        """Enable a client again; False when there is none or it is not disabled."""
        ...

    def clients(self) -> Sequence[Client]:
        """Return all clients ordered by client_id."""
        ...

    def clients_of(self, departments: Collection[str] | None, *, after: tuple[str, str], limit: int) -> Sequence[Client]:
        """Return clients of these departments, or of any, by department and client_id, starting beyond ``after``, which is both."""
        ...

    def is_origin(self, origin: str) -> bool:
        """Tell whether an enabled public client registered this origin."""
        ...

    def use_secret(self, client_id: str, secret_hash: bytes, at: datetime) -> None:
        """Remember when a secret was last used."""
        ...

    def secret_uses(self, client_ids: Collection[str]) -> Mapping[bytes, datetime]:
        """Return when each secret of these clients, by its hash, was last used; those never used are missing."""
        ...

    def add_invitation(self, invitation: Invitation) -> None:
        """Store an initial access token."""
        ...

    def find_invitation(self, token_hash: bytes, at: datetime) -> Invitation | None:
        """Return an initial access token that may still be used at ``at``."""
        ...

    def invitations(self, at: datetime) -> Sequence[Invitation]:
        """Return the initial access tokens that may still be used at ``at``, oldest first."""
        ...

    def end_invitation(self, token_hash: bytes, at: datetime) -> bool:
        """Let an initial access token not count any more; False when it does not already."""
        ...

    def use_invitation(self, token_hash: bytes, at: datetime) -> bool:
        """Take one use of it; False when none is left or it is over."""
        ...

    def put_resources(self, client_id: str, answers_for: Sequence[str]) -> bool:
        """Let a client answer for these resources and no others; False when another one does for any of them."""
        ...

    def find_resource(self, resource: str) -> Client | None:
        """Return the client that answers for a resource, disabled or not."""
        ...

    def take_assertion(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """Remember a client assertion; False when its ``jti`` was used."""
        ...

    def find_consent(self, account_id: str, client_id: str) -> Consent | None:
        """Return what the client was told, and what was agreed to."""
        ...

    def find_consent_of(self, client_id: str, subject: str) -> Consent | None:
        """Return what the client was told of whom it knows as ``subject``."""
        ...

    def put_consent(self, consent: Consent) -> None:
        """Store or replace what was told and agreed to."""
        ...

    def consents(self, account_id: str) -> Sequence[tuple[Client, Consent]]:
        """Return the clients that were told of somebody, the last one used first."""
        ...

    def remove_consent(self, account_id: str, client_id: str) -> bool:
        """Forget what was told and agreed to; False when there was nothing."""
        ...
