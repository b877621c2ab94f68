"""Moments: one written form, one stored form, both lossless to their resolution."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import SystemClock, from_micros, monotonic, parse_rfc3339, rfc3339, timestamp, to_micros

moments = st.integers(-(2**50), 2**52).map(lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros))


@given(moments)
def test_a_stored_moment_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment
    assert from_micros(to_micros(moment)).tzinfo is UTC


@given(moments)
def test_a_written_moment_reads_back_to_the_second(moment: datetime) -> None:
    assert parse_rfc3339(rfc3339(moment)) == moment.replace(microsecond=0)


def test_a_moment_is_written_in_utc_whatever_its_zone() -> None:
    beijing = datetime(2026, 11, 23, 16, 0, tzinfo=timezone(timedelta(hours=8)))
    assert rfc3339(beijing) == "2026-11-23T08:00:00Z"
    assert parse_rfc3339("2026-11-23T16:00:00+08:00") == beijing
    assert timestamp(beijing) == 1795420800


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-23T08:00:00", "23.11.2026", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"],
)
def test_a_moment_without_offset_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - partly the standard library's words
        parse_rfc3339(text)


def test_the_system_clock_is_aware_and_moves() -> None:
    before, budget = SystemClock().now(), monotonic()
    assert before.tzinfo is UTC
    assert SystemClock().now() >= before
    assert monotonic() >= budget
