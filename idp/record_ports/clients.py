"""Stored clients and consents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import (
    Client,
    Consent,
)


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
