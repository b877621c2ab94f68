"""Stored mandates and who represents whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import Mandate, MandateOffer, Representative
from pki.vault import Index


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

    def latest_mandates(self, organization_id: str | None, *, limit: int) -> Sequence[Mandate]:
        """Return mandates, of one organisation where named, newest first."""
        ...

    def over_mandates(self, at: datetime) -> Sequence[str]:
        """Return the mandates that are over by a moment and by which something granted still stands."""
        ...

    def revoke_mandate(self, mandate_id: str, at: datetime) -> bool:
        """Revoke a mandate; False when there is none to revoke."""
        ...

    def add_offer(self, offer: MandateOffer) -> None:
        """Store a mandate that waits for its agent."""
        ...

    def offers(
        self, now: datetime, *, organization_id: str | None = None, agent_index: Index | None = None
    ) -> Sequence[MandateOffer]:
        """Return what can still be accepted, of one organisation or for one agent where named, oldest first."""
        ...

    def take_offer(self, offer_id: str) -> MandateOffer | None:
        """Remove an offer and return it; None when there is none (any more)."""
        ...

    def put_representative(self, representative: Representative) -> None:
        """Store who represents an organisation from now on."""
        ...

    def find_representative(self, organization_id: str) -> Representative | None:
        """Return who represents an organisation here, None for nobody."""
        ...

    def represented(self, account_id: str) -> Sequence[Representative]:
        """Return the organisations that somebody represents, the longest represented first."""
        ...

    def unchecked_representatives(self, since: datetime, *, limit: int) -> Sequence[Representative]:
        """Return those of whom the register was last asked before ``since``, the longest ago first."""
        ...

    def remove_representative(self, representative: Representative) -> bool:
        """Remove somebody; False when it is somebody else meanwhile, or nobody."""
        ...
