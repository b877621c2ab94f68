"""What text from outside may look like. Names are compared and stored in one normal form."""

from __future__ import annotations

import unicodedata

# Cc control, Cf format (bidi overrides, zero-width), Co private use, Cs surrogates, Zl/Zp line separators: none belongs in a name.
_UNWANTED = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def normal_form(text: str) -> str:
    """Return ``text`` in NFC without blanks at the ends."""
    return unicodedata.normalize("NFC", text).strip()


def find_unwanted_character(text: str) -> str | None:
    """Return the first control, format, private-use or separator character of ``text`` as ``U+XXXX``, or None."""
    for character in text:
        if unicodedata.category(character) in _UNWANTED:
            return f"U+{ord(character):04X}"
    return None


def mask(text: str, *, head: int = 1, tail: int = 0) -> str:
    """Return ``text`` with all but its first ``head`` and last ``tail`` characters as ``*``, for pages and logs."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + (text[-tail:] if tail else "")
