"""Names of people as they stand in their documents: Han characters, rare ones too, or Latin letters, never a mixture.

What looks like a Han character and is none (radicals, private-use substitutes of old input methods), letters of other scripts
that look like Latin ones, digits and marks are refused by name, so that two different names never look the same.
Left to others: names of organisations (``text``), whether somebody has this name (registers, documents).
"""

from __future__ import annotations

import unicodedata

from kernel.errors import Text
from kernel.text import normal_form

_MOST = 50
_DOT = "·"
_DOTS = dict.fromkeys(map(ord, "‧•・･∙⋅．"), _DOT)
"""What input methods write between the parts of names as 阿卜杜拉·买买提, in place of U+00B7."""

_HAN = (
    (0x3007, 0x3007),  # 〇, as in 刘〇
    (0x3400, 0x4DBF),  # extension A
    (0x4E00, 0x9FFF),
    (0xFA0E, 0xFA29),  # the twelve that are unified in spite of their block; the others are gone in NFC
    (0x20000, 0x2F7FF),  # extensions B to F and I
    (0x30000, 0x3FFFD),  # extensions G and later
)
_LATIN_MARKS = frozenset(" '’-.")


def normal_person_name(text: str) -> str:
    """Return the form in which a name is stored and compared: NFC, one dot, one blank between the parts."""
    return " ".join(normal_form(text).translate(_DOTS).split(" "))


def find_name_fault(name: str) -> Text | None:
    """Return what keeps ``name`` (in normal form) from being a person's, or None."""
    if not 2 <= len(name) <= _MOST:  # noqa: PLR2004 - a family name and a given one
        return Text(f"须为2至{_MOST}个字", f"2 to {_MOST} characters")
    allowed = _is_in_han_name if any(map(_is_han, name)) else _is_in_latin_name
    for character in name:
        if not allowed(character):
            code = f"U+{ord(character):04X}"
            return Text(f"含有不能用在姓名中的字符{code}", f"{code} does not belong in this name")
    if not (_is_letter(name[0]) and (_is_letter(name[-1]) or name[-1] == ".")) or _DOT * 2 in name or "  " in name:
        return Text("标点的位置不对", "a mark is out of place")
    return None


def _is_han(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _HAN)


def _is_in_han_name(character: str) -> bool:
    return character == _DOT or _is_han(character)


def _is_in_latin_name(character: str) -> bool:
    return character in _LATIN_MARKS or _is_latin(character)


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith("LATIN ") and unicodedata.category(character) in {"Lu", "Ll"}


def _is_letter(character: str) -> bool:
    return _is_han(character) or _is_latin(character)
