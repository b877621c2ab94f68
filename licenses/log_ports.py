"""What the transparency log holds: hashes and leaves, what this node saw of other nodes' logs, what they saw of its own, and faults.

Left to others: SQL (``storage``), the tree (``log``), witnessing (``transparency``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

FaultKind = Literal["rollback", "fork", "key"]
"""``rollback``: a log shows less than it showed before. ``fork``: it shows something else. ``key``: another key signs for it."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The newest head of another node's log that follows from all heads before it. ``note`` is that head, cosigned by this node.

    ``read`` is how many of its leaves were read.
    """

    node_code: str
    verifier_key: str
    size: int
    root: bytes
    note: str
    seen_at: datetime
    read: int = 0


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The newest head of this node's log that another node has cosigned at ``at``."""

    witness_code: str
    verifier_key: str
    size: int
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LogFault:
    """That a log contradicts itself, with both heads as they were signed: the evidence. ``settled_by``: an operator looked it over."""

    node_code: str
    kind: FaultKind
    held: str
    shown: str
    found_at: datetime
    found_by: str
    settled_by: str | None = None


class LogHashes(Protocol):
    """Hashes of complete subtrees: level 0 holds the leaves, node (l, i) covers leaves [i·2^l, (i+1)·2^l)."""

    def get_log_nodes(self, places: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Return the hashes at ``places`` (level, index); one that is missing means a damaged log (``LookupError``)."""
        ...


class LogNodes(LogHashes, Protocol):
    """The node's own log, as it is stored."""

    def log_size(self) -> int:
        """Return the number of leaves."""
        ...

    def take_log_places(self, count: int) -> int:
        """Move the size on by ``count`` and return the old one; until the transaction ends nobody else can append."""
        ...

    def put_log_nodes(self, nodes: Mapping[tuple[int, int], bytes]) -> None:
        """Store hashes; none is ever written twice."""
        ...

    def put_log_leaves(self, first: int, leaves: Sequence[bytes]) -> None:
        """Store what the leaves from index ``first`` say, beside their hashes."""
        ...

    def find_log_leaf(self, index: int) -> bytes | None:
        """Return what leaf ``index`` says."""
        ...

    def log_leaves(self, first: int, count: int) -> Sequence[bytes]:
        """Return what up to ``count`` leaves from index ``first`` say, in order."""
        ...


class LogWitnessRecords(Protocol):
    """Heads that were seen, and faults."""

    def find_witnessed(self, node_code: str) -> Witnessed | None:
        """Return what this node last saw of another node's log."""
        ...

    def witnessed(self) -> Sequence[Witnessed]:
        """Return what this node last saw of each log, by area code."""
        ...

    def put_witnessed(self, seen: Witnessed) -> bool:
        """Store what was seen, unless a larger head of the same log is there already: then False."""
        ...

    def drop_witnessed(self, node_code: str) -> None:
        """Forget what was seen of a log, and what was read of it."""
        ...

    def put_peers_issued(self, seen: Witnessed, issued: Mapping[str, int], *, read: int) -> bool:
        """Store what a log says was issued (places by documents' SHA-256) and how far it was read; False when it was read on meanwhile."""
        ...

    def find_peers_issued(self, node_code: str, pdf_sha256: str) -> int | None:
        """Return the place in a node's log where the issuing of a document stands, of what was read of it."""
        ...

    def cosigned(self) -> Sequence[Cosigned]:
        """Return the heads of this node's log that others cosigned, by area code."""
        ...

    def put_cosigned(self, seen: Cosigned) -> None:
        """Store a cosigned head in place of an older one of the same witness."""
        ...

    def log_faults(self) -> Sequence[LogFault]:
        """Return all faults that were ever found, the newest first."""
        ...

    def add_log_fault(self, fault: LogFault) -> bool:
        """Keep a fault; False when one of the same kind against the same head is kept already."""
        ...

    def settle_log_faults(self, node_code: str, *, by: str) -> int:
        """Note that ``by`` looked over the open faults of a node's log, and return how many there were."""
        ...
