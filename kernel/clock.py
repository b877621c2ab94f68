"""The only place that reads the time. Everything else takes the moment as a parameter or a :class:`Clock`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCKS_MAY_DIFFER = timedelta(minutes=5)
"""How far another's clock may be ahead of ours before what it says is from the future."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the moment."""

    def now(self) -> datetime:
        """Return the present moment: aware, in UTC, microsecond resolution."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved: for tests and for judging a past moment."""

    moment: datetime

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self.moment

    def advance(self, step: timedelta) -> None:
        """Move the clock forward by ``step``."""
        self.moment += step


def monotonic() -> float:
    """Return seconds on a clock that never goes back, for time budgets."""
    return time.monotonic()


def thread_seconds() -> float:
    """Return the seconds of work that this thread has done, for budgets of work: a busy machine uses up none of them."""
    return time.thread_time()


def rfc3339(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339 in UTC to the second, e.g. ``2026-11-23T08:00:00Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def parse_rfc3339(text: str) -> datetime:
    """Return the moment that ``text`` (RFC 3339, with an offset) names; ``ValueError`` if it names none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"{text!r} has no offset from UTC"
        raise ValueError(message)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # an offset beyond the first or the last year that there is
        message = f"{text!r} lies outside of all years"
        raise ValueError(message) from None


def timestamp(moment: datetime) -> int:
    """Return whole seconds since 1970 (a JWT NumericDate)."""
    return int(moment.timestamp())


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970: the form in which moments are stored."""
    since = moment - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """Return the moment that :func:`to_micros` stored."""
    return _EPOCH + timedelta(microseconds=micros)
