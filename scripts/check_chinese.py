"""Fails when a Chinese sentence of the pages or of the error catalogue is badly set: half-width punctuation, unmatched brackets.

Left to others: whether it is in English too (``check_translations``).
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator

from check_translations import ROOMS, ROOT, TRANSLATIONS, used_sentences

_HAN = "\u3400-\u9fff"
_PLACE = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
_FAULTS = (
    (re.compile(rf"[{_HAN}][,;:!?(]"), "half-width punctuation after a Chinese character"),
    (re.compile(rf"[,;:!?)][{_HAN}]"), "half-width punctuation before a Chinese character"),
    (re.compile(rf"[{_HAN}]\.(?:\s|$)"), "a full stop that is not 。"),
    (re.compile(rf"[\"'][{_HAN}]|[{_HAN}][\"']"), "straight quotation marks"),
    (re.compile(rf"[{_HAN}]\.\.\."), "three dots instead of ……"),
    (re.compile(r"[，。；：、！？]{2,}"), "doubled punctuation"),
)
_PAIRS = (("（", "）"), ("“", "”"), ("‘", "’"), ("《", "》"), ("【", "】"), ("「", "」"))


def find_faults(text: str) -> Iterator[str]:
    """Yield what is wrong with the setting of a Chinese sentence; places to fill in count as a Latin word."""
    bare = _PLACE.sub("X", text)
    for pattern, fault in _FAULTS:
        if found := pattern.search(bare):
            yield f"{fault}: {found.group()!r} in {text!r}"
    for opening, closing in _PAIRS:
        if bare.count(opening) != bare.count(closing):
            yield f"unmatched {opening}{closing} in {text!r}"


def sentences() -> Iterator[str]:
    """Yield the sentences of the pages and the Chinese texts of the error catalogue."""
    yield from used_sentences(tuple(ROOT / room for room in ROOMS), TRANSLATIONS / "babel.cfg")
    for room in ROOMS:
        if (ROOT / room / "errors.py").exists():
            importlib.import_module(f"{room}.errors")
    for error in importlib.import_module("kernel.errors").CATALOGUE.values():
        yield from (error.message.zh, error.remedy.zh)


def main() -> int:
    """Report all faults; 1 when there are any."""
    checked = sorted(set(sentences()))
    faults = [fault for sentence in checked for fault in find_faults(sentence)]
    for fault in faults:
        sys.stderr.write(fault + "\n")
    sys.stderr.write(f"Chinese: {len(checked)} sentences, {len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
