"""A sliding window: so many a minute from one address, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kernel.limiter import WINDOW, SlidingWindow

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_so_many_a_minute_and_no_more_from_one_address() -> None:
    limiter = SlidingWindow(2)
    assert [limiter.take("a", NOW) for _ in range(3)] == [0, 0, 60]
    assert limiter.take("b", NOW) == 0
    assert limiter.take("a", NOW + WINDOW) == 0


def test_nobody_waits_for_a_clock_that_was_set_back() -> None:
    limiter = SlidingWindow(1)
    limiter.take("a", NOW + timedelta(days=1))
    assert [limiter.take("a", NOW) for _ in range(2)] == [0, 60]
