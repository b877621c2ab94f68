"""Passwords that are tried first: the 30,000 most frequent ones (as the package zxcvbn lists them), and names from the place they are for.

A whole password is compared, never a part of it (SP 800-63B-4 3.1.1.2); what is one word over and over, or one word between digits, is
that word's derivative. Left to others: how long one must be (``assurance``).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator

_SHORTEST_NAME = 2
_SHORTEST_PATTERN = 5
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_COUNTRY = re.compile(r"^\+86")
_AREA = "市县区省"


def is_common(password: str, names: Iterable[str]) -> bool:
    """Tell whether a password is a frequent one, or made of one of ``names`` (of its owner, the place, the service)."""
    text = _normal(password)
    known = {form for name in names for form in _forms_of(name) if len(form) >= _SHORTEST_NAME}
    frequent = _frequent()
    once = _once(text)
    if len(once) < _SHORTEST_PATTERN and once != text:
        return True
    cores = {_AROUND.sub("", form) for form in (text, once)} | {_once(_AROUND.sub("", text))}
    if {text, once, *cores} & known:
        return True
    # Many digits beside a frequent word may be hard to guess all the same.
    return bool({text, once} & frequent) or any(core in frequent and 2 * len(core) >= len(once) for core in cores)


def _once(text: str) -> str:
    """Return what ``text`` repeats (“abcabcab”: “abc”, “123456789012345”: “1234567890”), itself when it repeats nothing."""
    for length in range(1, 2 * len(text) // 3 + 1):
        if (text[:length] * (len(text) // length + 1))[: len(text)] == text:
            return text[:length]
    return text


def _forms_of(name: str) -> Iterator[str]:
    whole = _normal(name)
    yield whole
    yield whole.rstrip(_AREA)
    yield whole.partition("@")[0]
    yield re.sub(r"[\W_]+", "", _COUNTRY.sub("", whole))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@functools.cache
def _frequent() -> frozenset[str]:
    # Loaded with the first new password: most processes never see one.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"])
