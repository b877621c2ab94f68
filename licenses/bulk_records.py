"""What is stored of bulk issuing: a batch, and its rows in chunks, each of which one worker takes for a while.

Left to others: SQL (``storage``), the work (``bulk``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

BatchState = Literal["arriving", "waiting", "released", "dropped"]
"""``arriving``: being stored. ``waiting``: nobody issues it before an officer says so. ``released``: the workers' to issue."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A file of applications that somebody handed in. ``departments`` are those it may issue for, None: all of the node's.

    ``asked_person`` is one for every spelling of the officer's name; ``decided_by`` released or dropped it.
    """

    id: str
    name: str
    asked_by: str
    asked_person: str
    asked_at: datetime
    departments: tuple[str, ...] | None
    rows: int = 0
    chunks: int = 0
    state: BatchState = "arriving"
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is: chunks that are done, and what became of their rows."""

    chunks_done: int
    issued: int
    already: int
    refused: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a batch, encrypted: what they say, or once ``done`` what became of them."""

    batch_id: str
    place: int
    content: bytes


class BatchRecords(Protocol):
    """The batches, in one transaction."""

    def add_batch(self, batch: Batch) -> None:
        """Store a batch."""
        ...

    def move_batch(self, batch: Batch, before: BatchState) -> bool:
        """Record how large a batch is, its state and who decided; False when its state is not ``before`` any more."""
        ...

    def drop_chunks(self, batch_id: str) -> None:
        """Remove the rows of a batch."""
        ...

    def left_over(self, *, arriving_since: datetime, waiting_since: datetime) -> Sequence[Batch]:
        """Return the batches that came to nothing: still arriving, or waiting, since before these moments."""
        ...

    def add_chunk(self, chunk: Chunk) -> None:
        """Store rows that wait."""
        ...

    def find_batch(self, batch_id: str) -> Batch | None:
        """Return the batch with this id."""
        ...

    def batches(self, *, departments: Sequence[str] | None, state: BatchState | None = None, limit: int) -> Sequence[Batch]:
        """Return batches that have arrived, the newest first; where ``departments`` are given, those that were handed in for no others."""
        ...

    def claim_chunk(self, batch_id: str, *, now: datetime, until: datetime) -> Chunk | None:
        """Take rows that wait, or whose time with another worker is over; None when there are none now."""
        ...

    def end_chunk(self, chunk: Chunk, progress: Progress, at: datetime) -> bool:
        """Store what became of the rows; False when another worker did."""
        ...

    def progress(self, batch_id: str) -> Progress:
        """Return how far a batch is."""
        ...

    def unfinished(self) -> Sequence[str]:
        """Return the ids of the released batches that have rows left, the oldest first."""
        ...

    def chunks(self, batch_id: str, *, done: bool, after: int, limit: int, refused: bool = False) -> Sequence[Chunk]:
        """Return chunks that are done, or that are not, in order, from after place ``after``; ``refused``: those with a row that was."""
        ...
