"""Device authorization (RFC 8628): what a kiosk asked for, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A kiosk's request that waits for somebody with a phone.

    ``user_code`` is encrypted and looked up by its keyed ``user_code_index``: it is short enough to be guessed from a plain digest.
    Decided with a ``grant_id`` it was approved, without one refused. ``own_page``: the kiosk shows a page of ours, and was lent the session
    ``session_id``; no token is ever given for such a code.
    """

    id: str
    device_code_hash: bytes = field(repr=False)
    user_code_index: bytes = field(repr=False)
    user_code: bytes = field(repr=False)
    client_id: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    interval_seconds: int
    created_at: datetime
    expires_at: datetime
    polled_at: datetime | None = None
    decided_at: datetime | None = None
    grant_id: str | None = None
    consumed_at: datetime | None = None
    own_page: bool = False
    session_id: str | None = None
