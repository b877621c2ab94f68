"""Stored notices, the browsers that accounts were used in, and cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from idp.records import Case, Decision, Login, Notice


class NoticeRecords(Protocol):
    """What people are told. A bool tells whether the one conditional statement took effect."""

    def add_notice(self, notice: Notice) -> None:
        """Store what somebody is to be told."""
        ...

    def notices(self, account_id: str, *, limit: int = 20) -> Sequence[Notice]:
        """Return what somebody was told, newest first."""
        ...

    def count_unread(self, account_id: str) -> int:
        """Return how many notices of somebody's they have not read yet."""
        ...

    def mark_read(self, account_id: str, at: datetime) -> bool:
        """Remember that somebody has read what they were told until now; False when nothing was new."""
        ...

    def find_notice(self, notice_id: str) -> Notice | None:
        """Return a notice."""
        ...

    def unsent_notices(self, *, since: datetime, limit: int, account_id: str | None = None) -> Sequence[Notice]:
        """Return the newest notices (of one account) from ``since`` on that did not go everywhere yet, oldest first."""
        ...

    def mark_sent(self, notice_id: str, channels: Sequence[str], at: datetime | None) -> None:
        """Remember over which channels it has gone, and when it had gone over all."""
        ...

    def see_device(self, account_id: str, device: bytes, at: datetime) -> None:
        """Remember that an account was used in a browser."""
        ...

    def knows_device(self, account_id: str, device: bytes) -> bool:
        """Tell whether an account was used in a browser."""
        ...

    def is_shared(self, device: bytes) -> bool:
        """Tell whether several accounts were used in a browser."""
        ...

    def add_case(self, case: Case) -> bool:
        """Store a case; False when its notice or login has one."""
        ...

    def find_case(self, case_id: str) -> Case | None:
        """Return a case."""
        ...

    def cases(self, *, decided: bool, limit: int = 100) -> Sequence[Case]:
        """Return cases that are decided or not, newest first."""
        ...

    def decide_case(self, case_id: str, decision: Decision, actor: str, at: datetime) -> bool:
        """Decide a case; False when it was decided before."""
        ...

    def reopen_case(self, case_id: str) -> bool:
        """Take back the decision of a case; False when there is none."""
        ...

    def add_login(self, login: Login) -> None:
        """Remember under which code somebody logged in."""
        ...

    def find_login(self, code: str) -> Login | None:
        """Return the login of this code."""
        ...

    def last_logins(self, account_id: str, *, limit: int) -> Iterator[Login]:
        """Return an account's logins, newest first, each read when it is asked for."""
        ...

    def login_codes(self, account_id: str) -> Mapping[str, str]:
        """Return the code of the last login of each of an account's sessions."""
        ...
