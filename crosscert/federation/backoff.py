"""When what failed is tried again: twice as late after each failure, up to a longest pause; peers never all at the same moment.

Left to others: counting failures (``sync.runs``, ``push``, ``publication``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.randomness import fraction

FIRST = timedelta(seconds=30)
LONGEST = timedelta(minutes=15)
_DOUBLINGS = 10  # beyond them it is the longest anyway


def pause(failures: int, *, first: timedelta = FIRST, longest: timedelta = LONGEST) -> timedelta:
    """Return how long to wait after so many failures in a row."""
    return min(longest, first * (1 << min(failures - 1, _DOUBLINGS)))


def next_try_at(failures: int, at: datetime) -> datetime:
    """Return when to try again after so many failures in a row (the one at ``at`` included): half of the pause is left to chance."""
    return at + pause(failures) * (0.5 + fraction() / 2)


def is_due(next_try: datetime | None, at: datetime) -> bool:
    """Tell whether it is time. Further ahead than the longest pause it was reckoned by a clock that has been set back since."""
    return next_try is None or next_try <= at or next_try > at + LONGEST
