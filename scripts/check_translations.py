"""Fails when a sentence of the pages has no English: missing, empty, fuzzy, no longer used, or with other places to fill in.

Left to others: writing the catalogue (``pybabel extract``, ``pybabel update``) and compiling it (``scripts/setup.sh``).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
TRANSLATIONS = ROOT / "service" / "translations"
ROOMS = ("admin_ui", "crosscert", "idp", "licenses", "pki", "service")
_PLACES = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
_HAN = re.compile(r"[\u4e00-\u9fff]")

Faults = Iterator[str]


def used_sentences(rooms: tuple[Path, ...], mapping: Path) -> dict[str, str]:
    """Return every msgid of the sources and where it stands first."""
    with mapping.open(encoding="utf-8") as stream:
        methods, options = parse_mapping_cfg(stream)
    found: dict[str, str] = {}
    for room in rooms:
        for file, line, msgid, *_ in extract_from_dir(room, methods, options):
            for sentence in (msgid,) if isinstance(msgid, str) else msgid:
                found.setdefault(sentence, f"{room.name}/{file}:{line}")
    return found


def find_faults(used: dict[str, str], catalogue: bytes) -> Faults:
    """Yield what is wrong with the English catalogue for the sentences that are used."""
    known: dict[str, Message] = {}
    for message in read_po(BytesIO(catalogue), locale="en", abort_invalid=True):
        for msgid in (message.id,) if isinstance(message.id, str) else message.id:
            known[msgid] = message
    known.pop("", None)
    for sentence, place in used.items():
        if sentence not in known:
            yield f"{place}: no English for {sentence!r}"
    for sentence, message in known.items():
        yield from _message_faults(sentence, message, used)


def _message_faults(sentence: str, message: Message, used: dict[str, str]) -> Faults:
    texts = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
    if sentence not in used:
        yield f"{sentence!r} is in the catalogue but on no page"
    if message.fuzzy:
        yield f"{sentence!r} is only guessed (fuzzy)"
    for text in texts:
        if not text.strip():
            yield f"{sentence!r} has an empty English text"
        elif set(_PLACES.findall(sentence)) != set(_PLACES.findall(text)):
            yield f"{sentence!r}: other places to fill in than {text!r}"
        elif _HAN.search(text):
            yield f"{sentence!r}: Chinese characters in {text!r}"


def main() -> int:
    """Report all faults; 1 when there are any."""
    used = used_sentences(tuple(ROOT / room for room in ROOMS), TRANSLATIONS / "babel.cfg")
    catalogue = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"
    if not catalogue.is_file():
        sys.stderr.write(f"{catalogue.relative_to(ROOT)} is missing\n")
        return 1
    faults = sorted(set(find_faults(used, catalogue.read_bytes())))
    for fault in faults:
        sys.stderr.write(fault + "\n")
    sys.stderr.write(f"translations: {len(used)} sentences, {len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
