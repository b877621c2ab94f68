"""One name for one person, however it is spelt."""

from __future__ import annotations

import pytest

from kernel.errors import Refusal
from kernel.people import person_of, who


@pytest.mark.parametrize(
    "spelling",
    ["operator:Chen", "account:chen", "ｃｈｅｎ", " Ch-en ", "ch\N{COMBINING ACUTE ACCENT}en", "c.h.e.n", "operator: chen"],
)
def test_however_it_is_spelt_it_is_one_person(spelling: str) -> None:
    assert person_of(spelling) == "chen"


def test_different_names_are_different_people() -> None:
    assert len({person_of(name) for name in ("operator:陈", "operator:林", "operator:chen", "operator:chen2")}) == 4


@pytest.mark.parametrize(
    "nobody",
    [
        "",
        " ",
        "operator:",
        "operator:·",
        "chen\N{ZERO WIDTH SPACE}",
        "a" * 201,
        "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 20,
    ],
)
def test_nobody_is_refused(nobody: str) -> None:
    with pytest.raises(Refusal, match="actor_unsuitable"):
        who(nobody)


def test_a_name_is_kept_as_it_was_written() -> None:
    assert who(" operator:Chen ") == "operator:Chen"
