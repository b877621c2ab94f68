"""Stored switches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import Session, Switch


class SwitchRecords(Protocol):
    """Ways to log in that are switched off. A bool tells whether the one conditional statement took effect."""

    def switch_off(self, switch: Switch) -> bool:
        """Store a switch; False when that is off already."""
        ...

    def switch_on(self, what: str) -> bool:
        """Remove a switch; False when that is on already."""
        ...

    def switches(self) -> Sequence[Switch]:
        """Return what is switched off."""
        ...

    def living_sessions(
        self, at: datetime, *, method: str = "", ending: str = "", after: str = "", limit: int
    ) -> Sequence[Session]:
        """Return sessions that were not ended, by their identifiers beyond ``after``: with ``method`` in ``amr``, of usernames with ``ending``."""
        ...
