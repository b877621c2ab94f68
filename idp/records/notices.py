"""What people are told about their own account, and what they report of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to an account. ``what`` names the sentence, ``details`` (encrypted) is what stands in it.

    ``sent_over``: the channels over which it has gone; ``sent_at``: when it had gone over all that it must.
    """

    id: str
    account_id: str
    at: datetime
    what: str
    details: bytes = field(default=b"", repr=False)
    sent_at: datetime | None = None
    sent_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody said of a notice that it was not them; staff look into it."""

    id: str
    account_id: str
    notice_id: str
    opened_at: datetime
