"""Account events that departments are told of (OpenID RISC), how far that has come, and what a department wants to be told (OpenID SSF)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypedDict

POLLED = "urn:ietf:rfc:8936"
"""A client's ``events_uri`` where events are pushed nowhere: it fetches them itself."""

EventOutcome = Literal["delivered", "refused", "given_up", "no_address"]
StreamStatus = Literal["enabled", "paused", "disabled"]


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """One event that one client is owed. ``jti`` stays the same with every try, so that the client knows it again.

    Without an ``account_id`` it is about the stream itself: ``state`` is what the client wants to read in it.
    """

    jti: str
    client_id: str
    account_id: str
    event: str
    at: datetime
    next_try_at: datetime | None
    tries: int = 0
    outcome: EventOutcome | None = None
    error: str | None = None
    state: str | None = None


class StreamSaid(TypedDict, total=False):
    """What a client says of its stream at one time, of :class:`EventStream`: what it leaves out is left as it is."""

    requested: tuple[str, ...] | None
    description: str | None
    authorization: bytes | None


@dataclass(frozen=True, slots=True)
class EventStream:
    """What a client said of the events that it gets beyond where they go, which is its ``events_uri`` (OpenID SSF 1.0, 8.1).

    ``requested`` are addresses of event types (None: it left that to us), ``authorization`` what it wants to be shown with each event,
    encrypted, ``verified_at`` when it last asked for a verification.
    """

    client_id: str
    requested: tuple[str, ...] | None = None
    description: str | None = None
    authorization: bytes | None = field(default=None, repr=False)
    status: StreamStatus = "enabled"
    reason: str | None = None
    verified_at: datetime | None = None
