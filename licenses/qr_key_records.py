"""What is stored of the keys that sign QR codes: since when each is in the status list, from when it signs, whether it is withdrawn.

Left to others: SQL (``storage``), the keys themselves (the key store), which of them signs (``qr_keys``), replacing them (``qr_rotation``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class QrKey:
    """A key, by its ``label`` in the key store. ``consent_by`` is who was first to ask for its withdrawal."""

    label: str
    announced_at: datetime
    signs_from: datetime
    consent_by: str | None = None
    withdrawn_at: datetime | None = None


class QrKeyRecords(Protocol):
    """The keys, in one transaction."""

    def qr_keys(self) -> Sequence[QrKey]:
        """Return all keys, the oldest first; none as long as the node has only its first."""
        ...

    def add_qr_key(self, key: QrKey) -> bool:
        """Store a key; False when its label is there."""
        ...

    def consent_to_withdraw(self, label: str, person: str) -> bool:
        """Note who is first to ask for a key's withdrawal; False when somebody did, or it is withdrawn."""
        ...

    def withdraw_qr_key(self, label: str, person: str, at: datetime) -> bool:
        """Withdraw a key for which somebody else asked; False when nobody else did, or it is withdrawn."""
        ...
