"""Who acts: one name for one person, however it is spelt. Left to others: who may do what (the rooms' operations, ``idp``)."""

from __future__ import annotations

import unicodedata

from kernel.errors import Refusal, define
from kernel.text import find_unwanted_character, normal_form

ACTOR_UNSUITABLE = define(
    "actor_unsuitable",
    zh="操作人姓名不合格：{problem}。",
    en="The name of whoever does this is not acceptable: {problem}.",
    remedy_zh="请写明操作人，不超过 200 个字符，不含控制字符。",
    remedy_en="Say who does this, in at most 200 characters without control characters.",
)

_MAX_WHO = 200
_SPELLING = frozenset({"Zs", "Pd", "Pc", "Po", "Lm", "Mn", "Sk"})
"""Blanks, hyphens, points, accents: what one name is written with and without."""


def who(name: str) -> str:
    """Return the name as it stands in the audit trail; ``Refusal(actor_unsuitable)`` for one that nobody could be held to."""
    found = normal_form(name)
    problem = find_unwanted_character(found)
    if not 0 < len(found) <= _MAX_WHO or problem is not None or not 0 < len(person_of(found)) <= _MAX_WHO:
        raise Refusal(ACTOR_UNSUITABLE, field="by", problem=problem or f"1-{_MAX_WHO}")
    return found


def person_of(name: str) -> str:
    """Return what is the same for every spelling of a name, and for one person at the console and at a terminal.

    ``operator:Chen`` and ``account:ｃｈｅｎ`` are one person: two admins of one name must be told apart by their names.
    """
    decomposed = unicodedata.normalize("NFKD", name).rpartition(":")[2].casefold()
    return "".join(character for character in decomposed if unicodedata.category(character) not in _SPELLING)
