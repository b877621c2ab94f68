"""Stored mandates and who represents whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import Mandate


class MandateRecords(Protocol):
    """Mandates, for ever: what is over still tells who could act."""

    def add_mandate(self, mandate: Mandate) -> None:
        """Store a mandate."""
        ...

    def find_mandate(self, mandate_id: str) -> Mandate | None:
        """Return a mandate, in force or not."""
        ...

    def mandates(self, *, organization_id: str | None = None, agent_id: str | None = None) -> Sequence[Mandate]:
        """Return mandates, of one organisation or agent where named, oldest first."""
        ...

    def revoke_mandate(self, mandate_id: str, at: datetime) -> bool:
        """Revoke a mandate; False when there is none to revoke."""
        ...
