"""Stored account events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from idp.records import EventDelivery, EventOutcome, EventStream, StreamSaid, StreamStatus


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

    def note_event(self, delivery: EventDelivery) -> bool:
        """Store how a try went; False when it was settled meanwhile."""
        ...

    def owed_events(self, client_id: str, *, event: str | None, limit: int) -> Sequence[EventDelivery]:
        """Return what a client is still owed, of one kind or (None) of every, the oldest first."""
        ...

    def settle_event(self, client_id: str, jti: str, outcome: EventOutcome, error: str | None) -> EventDelivery | None:
        """Store that a client has taken what it was owed, or cannot; None when it was owed no such thing any more."""
        ...

    def hurry_events(self, client_id: str, now: datetime) -> None:
        """Let all that a client is still owed be due at ``now``."""
        ...

    def untold_events(self, since: datetime, *, but: str) -> Mapping[str, int]:
        """Return how many events since then each client did not take although it was tried, save what the error ``but`` kept back."""
        ...

    def find_event_stream(self, client_id: str) -> EventStream | None:
        """Return what a client said of its stream; None when it said nothing."""
        ...

    def put_event_stream(self, client_id: str, said: StreamSaid) -> None:
        """Store what is said from now on; what is not said stays as it is, and whatever else is stored of the stream."""
        ...

    def put_stream_status(self, client_id: str, status: StreamStatus, reason: str | None) -> None:
        """Store whether events are sent to it, and nothing else."""
        ...

    def remove_event_stream(self, client_id: str) -> None:
        """Forget what it said, and whom it does not want to hear of."""
        ...

    def take_verification(self, client_id: str, *, now: datetime, last: datetime) -> bool:
        """Note that a verification is asked for; False when one was after ``last``."""
        ...

    def mute_events(self, client_id: str, account_id: str) -> None:
        """Tell the client nothing of this account any more."""
        ...

    def unmute_events(self, client_id: str, account_id: str) -> None:
        """Tell it again."""
        ...

    def are_events_muted(self, client_id: str, account_id: str) -> bool:
        """Tell whether the client does not want to hear of this account."""
        ...
