"""Forms that wait for their sender to log in again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form that was sent without a login that counts: whose it is, in which browser, and (encrypted) what was typed."""

    id: str
    account_id: str
    browser_hash: bytes = field(repr=False)
    content: bytes = field(repr=False)
    expires_at: datetime
