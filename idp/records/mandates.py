"""Mandates (授权): who may act for an organisation, and who represents it in law."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Mandate:
    """That an agent (经办人) may act for an organisation towards some departments, with some powers, for a time.

    ``departments`` are credit codes, ``powers`` the scopes that a token of the organisation may then have; nothing else is meant.
    ``document`` is its signed form, encrypted.
    """

    id: str
    organization_id: str
    agent_id: str
    departments: tuple[str, ...]
    powers: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    created_at: datetime
    document: bytes = field(default=b"", repr=False)
    revoked_at: datetime | None = None

    def is_in_force(self, at: datetime) -> bool:
        """Tell whether it counts at a moment; its end is not part of it."""
        return self.revoked_at is None and self.valid_from <= at < self.valid_until


@dataclass(frozen=True, slots=True)
class MandateOffer:
    """A mandate that waits for its agent, who is known by the keyed index of their resident ID: whether they have an account nobody learns.

    ``agent`` is the name and the number that the representative typed, encrypted. ``expires_at`` is until when it can be accepted.
    """

    id: str
    organization_id: str
    agent_index: bytes = field(repr=False)
    agent: bytes = field(repr=False)
    departments: tuple[str, ...]
    powers: tuple[str, ...]
    valid_until: datetime
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Representative:
    """Whose account is the legal representative's (法定代表人) of an organisation; ``checked_at``: when the register last said so."""

    organization_id: str
    account_id: str
    since: datetime
    checked_at: datetime
