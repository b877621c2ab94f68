"""Stored notices, the browsers that accounts were used in, and cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from idp.records import Case, Notice


class NoticeRecords(Protocol):
    """What people are told. A bool tells whether the one conditional statement took effect."""

    def add_notice(self, notice: Notice) -> None:
        """Store what somebody is to be told."""
        ...

    def notices(self, account_id: str, *, limit: int = 20) -> Sequence[Notice]:
        """Return what somebody was told, newest first."""
        ...

    def find_notice(self, notice_id: str) -> Notice | None:
        """Return a notice."""
        ...

    def unsent_notices(self, *, since: datetime, limit: int) -> Sequence[Notice]:
        """Return notices from ``since`` on that were not sent anywhere, oldest first."""
        ...

    def mark_sent(self, notice_id: str, channels: Sequence[str], at: datetime | None) -> None:
        """Remember over which channels it has gone, and when it had gone over all."""
        ...

    def see_device(self, account_id: str, device: bytes, at: datetime) -> bool:
        """Remember that an account was used in a browser; True when it was before."""
        ...

    def is_shared(self, device: bytes) -> bool:
        """Tell whether several accounts were used in a browser."""
        ...

    def add_case(self, case: Case) -> bool:
        """Store a case; False when its notice has one."""
        ...
