"""An account on its way to being closed, or closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Closing:
    """``closes_at`` is when its data are erased; until then it can be taken back. With ``closed_at`` that has happened."""

    account_id: str
    asked_at: datetime
    closes_at: datetime
    closed_at: datetime | None = None
