"""What this node verified of other nodes' licences and has not told them yet, and how far it heard what they verified of its own.

Left to others: SQL (``storage.verified``), telling and hearing (``elsewhere.verified``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Untold:
    """That a licence was verified here, by the target that its own node's audit trail knows it by. ``number`` grows with what a node is told."""

    number: int
    target: str
    at: datetime


class VerifiedRecords(Protocol):
    """What was verified for other nodes to hear, and what was heard."""

    def keep_untold(self, node_code: str, targets: Collection[str], at: datetime) -> None:
        """Keep that licences of a node were verified; one that the node has not heard of yet is kept as it is."""
        ...

    def number_untold(self, node_code: str, *, after: int, limit: int) -> None:
        """Give numbers to what a node is told next, by the moment, above ``after`` and all it was told; whoever does waits for whoever does."""
        ...

    def untold(self, node_code: str, *, after: int, limit: int) -> Sequence[Untold]:
        """Return what is numbered above ``after`` for a node, in order."""
        ...

    def drop_told(self, node_code: str, *, until: int) -> None:
        """Forget what a node has heard."""
        ...

    def drop_untold(self, *, before: datetime) -> None:
        """Forget what no node came to hear."""
        ...

    def heard_until(self, node_code: str) -> int:
        """Return the number up to which a node was heard, 0 at first."""
        ...

    def note_heard_until(self, node_code: str, *, before: int, now: int) -> bool:
        """Move that number on; False when somebody else did meanwhile."""
        ...
