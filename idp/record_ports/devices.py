"""Stored device authorization requests."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from idp.records import DeviceRequest


class DeviceRecords(Protocol):
    """What kiosks asked for. A bool tells whether the one conditional statement took effect."""

    def add_device_request(self, request: DeviceRequest) -> bool:
        """Store a request; False when its user code is another's."""
        ...

    def find_device_request(self, request_id: str) -> DeviceRequest | None:
        """Return a request, whatever became of it."""
        ...

    def find_device_code(self, device_code_hash: bytes) -> DeviceRequest | None:
        """Return the request of a device code, whatever became of it."""
        ...

    def find_user_code(self, user_code_index: bytes) -> DeviceRequest | None:
        """Return the request of a user code, whatever became of it."""
        ...

    def decide_device_request(self, request_id: str, grant_id: str | None, at: datetime) -> bool:
        """Approve with a grant or refuse with None; False when it was decided before or is over."""
        ...

    def poll_device_request(self, request_id: str, at: datetime) -> bool:
        """Count a poll; False when the one before was less than the interval ago, which is longer from now on."""
        ...

    def consume_device_request(self, request_id: str, at: datetime, session_id: str | None = None) -> bool:
        """Consume an approved request, for the session that is lent; False when it is not approved, over, or was consumed before."""
        ...
