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
