"""Text from outside: one normal form, nothing invisible, names masked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.text import find_unwanted_character, mask, normal_form


def test_composed_and_decomposed_names_are_one() -> None:
    assert normal_form(" e\u0301 ") == normal_form("\u00e9") == "\u00e9"


@given(st.text())
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("饶平\u202e县", "U+202E"),
        ("a\x00b", "U+0000"),
        ("a\u200bb", "U+200B"),
        ("\ue000", "U+E000"),
        ("\u2028", "U+2028"),
        ("tab\t", "U+0009"),
    ],
)
def test_invisible_characters_are_found_and_named(text: str, found: str) -> None:
    assert find_unwanted_character(text) == found


@pytest.mark.parametrize("text", ["", "潮州市𠮷野家", "O’Neill & Söhne", "阿卜杜拉·买买提", "㐂"])
def test_ordinary_and_rare_characters_are_wanted(text: str) -> None:
    assert find_unwanted_character(text) is None


@pytest.mark.parametrize(
    ("text", "head", "tail", "shown"),
    [
        ("曾芳艳", 1, 0, "曾**"),
        ("445103197205027251", 3, 4, "445***********7251"),
        ("曾", 1, 0, "*"),
        ("", 1, 0, ""),
        ("1234", 2, 2, "****"),
    ],
)
def test_a_mask_shows_the_ends_and_never_the_whole(text: str, head: int, tail: int, shown: str) -> None:
    assert mask(text, head=head, tail=tail) == shown
