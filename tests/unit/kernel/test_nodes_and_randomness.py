"""Areas nest by their digits; random values have the length and spread that their users count on."""

from __future__ import annotations

import pytest

from kernel.nodes import area_contains, area_level, is_area_code
from kernel.randomness import SERIAL_BITS, random_bytes, serial_number, token


@pytest.mark.parametrize(
    ("outer", "inner", "contains"),
    [
        ("445100", "445100", True),
        ("445100", "445122", True),
        ("445100", "445200", False),
        ("445122", "445100", False),
        ("445122", "445122", True),
        ("445122", "445103", False),
        ("440000", "445122", True),
        ("440000", "450000", False),
        ("445100", "4451", False),
        ("445100", "4451２2", False),
        ("445100", "", False),
    ],
)
def test_an_area_contains_itself_and_what_lies_below(outer: str, inner: str, contains: bool) -> None:
    assert area_contains(outer, inner) is contains


def test_levels_follow_from_the_code() -> None:
    assert [area_level(code) for code in ("440000", "445100", "445122")] == ["province", "city", "county"]


@pytest.mark.parametrize("text", ["044510", "44510", "4451000", "44510a", "445１00", "445100\n", ""])
def test_what_is_no_area_code_is_refused(text: str) -> None:
    assert not is_area_code(text)


def test_serial_numbers_have_one_length_fit_twenty_octets_and_never_repeat() -> None:
    serials = [serial_number() for _ in range(500)]
    assert {serial.bit_length() for serial in serials} == {SERIAL_BITS}
    assert len(set(serials)) == len(serials)


def test_tokens_are_url_safe_and_as_long_as_asked() -> None:
    assert len(random_bytes(16)) == 16
    assert len(token(32)) == 43
    assert set(token(300)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert token() != token()
