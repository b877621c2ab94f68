"""Account events that departments are told of (OpenID RISC), and how far that has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EventOutcome = Literal["delivered", "refused", "given_up", "no_address"]


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """One event that one client is owed. ``jti`` stays the same with every try, so that the client knows it again."""

    jti: str
    client_id: str
    account_id: str
    event: str
    at: datetime
    next_try_at: datetime | None
    tries: int = 0
    outcome: EventOutcome | None = None
    error: str | None = None
