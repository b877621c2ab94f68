"""Stored account events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import EventDelivery


class EventRecords(Protocol):
    """What clients are owed of what happens to accounts. A bool tells whether the one conditional statement took effect."""

    def owe_event(self, delivery: EventDelivery) -> None:
        """Store what a client is to be told."""
        ...

    def due_events(self, now: datetime, *, limit: int) -> Sequence[EventDelivery]:
        """Return what is due, the longest due first."""
        ...

    def claim_event(self, jti: str, *, now: datetime, until: datetime) -> bool:
        """Take a due one for a try that ends before ``until``; False when another process has it."""
        ...

    def note_event(self, delivery: EventDelivery) -> None:
        """Store how a try went."""
        ...
