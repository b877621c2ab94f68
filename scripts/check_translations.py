# ruff: noqa: INP001 - a script of its own
"""Say whether every sentence of the pages is in English too, and whether the Chinese ones are well set. ``--update`` adds new ones.

Exit 0 when complete, 1 when something is missing (each is named). The msgids are the Chinese sentences of templates and views.
``--update`` writes the catalogue anew: what is translated stays, what is new comes in empty, what nobody says any more goes.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
TRANSLATIONS = ROOT / "service" / "translations"
CATALOGUE = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"
PACKAGES = ("admin_ui", "crosscert", "idp", "licenses", "pki", "policies", "service")

_HEADER = (
    "# English for the pages. The msgids are the Chinese originals; scripts/check_translations.py --update keeps them in step."
)
_NOISE = re.compile(r'"(POT-Creation-Date|PO-Revision-Date|Report-Msgid-Bugs-To|Last-Translator|Language-Team|Generated-By):')
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


def extract() -> Catalog:
    """Return every sentence that templates and Python code hand to gettext."""
    with (TRANSLATIONS / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    catalog = Catalog(locale="en", project="Chaoxin", version="1", header_comment=_HEADER, fuzzy=False)
    for package in PACKAGES:
        for name, _line, message, comments, context in extract_from_dir(ROOT / package, methods, options, DEFAULT_KEYWORDS):
            catalog.add(message, locations=[(f"{package}/{Path(name).as_posix()}", 0)], auto_comments=comments, context=context)
    return catalog


def load() -> Catalog:
    """Return the English catalogue as it lies in the repository."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def update() -> None:
    """Write the catalogue anew; its order is that of the sentences, so that two people's changes rarely meet."""
    said, known = extract(), load() if CATALOGUE.exists() else Catalog(locale="en")
    for message in said:
        if message.id and (found := known.get(message.id, message.context)):
            message.string = found.string
    buffer = BytesIO()
    write_po(buffer, said, width=120, sort_output=True, include_lineno=False)
    # Times of writing and versions of tools would make every update a conflict.
    lines = [line for line in buffer.getvalue().decode().splitlines() if not _NOISE.match(line)]
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def find_gaps(said: Catalog, known: Catalog) -> Iterator[str]:
    """Yield what is wrong with the English catalogue."""
    for message in said:
        if not message.id:
            continue
        found = known.get(message.id, message.context)
        if found is None or not all(_texts(found.string)):
            yield f"not in English: {message.id!r} ({', '.join(str(place[0]) for place in message.locations)})"
        elif found.fuzzy:
            yield f"fuzzy: {message.id!r}"
        elif any(_places(text) != _places(_texts(message.id)[0]) for text in _texts(found.string)):
            yield f"its places differ in English: {message.id!r}"
    for message in known:
        if message.id and said.get(message.id, message.context) is None:
            yield f"nobody says it any more: {message.id!r}"


def find_faults(text: str) -> Iterator[str]:
    """Yield what is wrong with the setting of a Chinese sentence."""
    bare = _PLACE.sub("X", text)
    for pattern, fault in _FAULTS:
        if found := pattern.search(bare):
            yield f"{fault}: {found.group()!r} in {text!r}"
    for opening, closing in _PAIRS:
        if bare.count(opening) != bare.count(closing):
            yield f"unmatched {opening}{closing} in {text!r}"


def chinese_sentences(said: Catalog) -> Iterator[str]:
    """Yield the msgids and the Chinese texts of the error catalogue."""
    for message in said:
        yield from _texts(message.id) if message.id else ()
    for package in PACKAGES:
        if (ROOT / package / "errors.py").exists():
            importlib.import_module(f"{package}.errors")
    for error in importlib.import_module("kernel.errors").CATALOGUE.values():
        yield from (error.message.zh, error.remedy.zh)


def _texts(value: Any) -> tuple[str, ...]:
    return (value or "",) if isinstance(value, str) or value is None else tuple(value)


def _places(text: str) -> list[str]:
    return sorted(_PLACE.findall(text))


def main(arguments: Iterable[str]) -> int:
    """Check, or with ``--update`` write; return the exit code."""
    if "--update" in arguments:
        update()
    said = extract()
    findings = [*find_gaps(said, load()), *(fault for text in chinese_sentences(said) for fault in find_faults(text))]
    for finding in findings:
        sys.stderr.write(finding + "\n")
    sys.stdout.write(f"{len(said)} sentences, {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
