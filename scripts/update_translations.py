"""Write the English catalogue anew from the sentences of the pages: what is translated stays, what is new comes in empty.

What nobody says any more goes. The file is sorted and bears no times, so that two people's changes rarely meet.
Left to others: finding what is still without English (``check_translations``), compiling (``setup.sh``).
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
TRANSLATIONS = ROOT / "service" / "translations"
CATALOGUE = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"
ROOMS = ("admin_ui", "crosscert", "idp", "licenses", "pki", "service")

_HEADER = "# English for the pages. The msgids are the Chinese originals; scripts/update_translations.py keeps them in step."
_NOISE = re.compile(r'"(POT-Creation-Date|PO-Revision-Date|Report-Msgid-Bugs-To|Last-Translator|Language-Team|Generated-By):')


def extract() -> Catalog:
    """Return every sentence that templates and Python code hand to gettext, with the files that say it."""
    with (TRANSLATIONS / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog(locale="en", project="Chaoxin", version="1", header_comment=_HEADER, fuzzy=False)
    for room in ROOMS:
        for name, _line, message, comments, context in extract_from_dir(ROOT / room, methods, options, DEFAULT_KEYWORDS):
            catalog.add(message, locations=[(f"{room}/{Path(name).as_posix()}", 0)], auto_comments=comments, context=context)
    return catalog


def write(catalog: Catalog) -> None:
    """Write ``catalog`` as the English one."""
    buffer = BytesIO()
    write_po(buffer, catalog, width=120, sort_output=True, include_lineno=False)
    lines = [line for line in buffer.getvalue().decode().splitlines() if not _NOISE.match(line)]
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Bring the catalogue in step with the pages."""
    said = extract()
    with CATALOGUE.open("rb") as file:
        known = read_po(file, locale="en")
    for message in said:
        if message.id and (found := known.get(message.id, message.context)):
            message.string = found.string
    write(said)


if __name__ == "__main__":
    main()
