"""Writes licence types as documents of their own into a node's policy folder: one that somebody wrote, or the newest one but for what changes.

Left to others: reading documents and whether they contradict each other (``loader``), who agreed to it (``licenses.template_proposals``).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kernel.errors import Misuse
from policies import loader
from policies.errors import POLICY_NO_TYPE, POLICY_TYPE_THERE
from policies.licenses import find_type
from policies.models import LicenseType

_DEL, _ESCAPED_DEL = "\x7f", r"\u007f"  # the one character that stands in a JSON string and not in one of TOML 1.0


def add_version(directory: Path, code: str, changes: Mapping[str, str]) -> int:
    """Write the next version of a type, with these ``changes``, and return its number; the newest one's, where they stand there already.

    What is in the folder counts, whatever is in force in this process. ``Misuse`` where there is no such type.
    """
    while True:
        newest = find_type(loader.load(directory).licenses, code)
        if newest is None:
            raise Misuse(POLICY_NO_TYPE, type_code=code)
        said = newest.model_dump(mode="json", exclude_defaults=True)
        if changes.items() <= said.items():
            return newest.version
        made = LicenseType.model_validate_json(json.dumps({**said, **changes, "version": newest.version + 1}))
        with suppress(FileExistsError):  # somebody was quicker with this version
            _write_once(directory / loader.TYPES / f"{code}-{made.version}.toml", to_toml(made))
            return made.version


def check_document(directory: Path, file: Path) -> LicenseType:
    """Return the type that ``file`` holds, if the folder may take it; ``Misuse`` with file, line and key otherwise."""
    loader.with_types(loader.read_documents(directory), directory, file)
    return loader.read_type(file)


def add_document(directory: Path, file: Path) -> LicenseType:
    """Take the type that ``file`` holds into the folder, as it is written, whole or not at all."""
    kind = check_document(directory, file)
    place = directory / loader.TYPES / f"{kind.code}-{kind.version}.toml"
    try:
        _write_once(place, file.read_text(encoding="utf-8"))
    except FileExistsError:
        raise Misuse(POLICY_TYPE_THERE, file=str(place)) from None
    return kind


def to_toml(kind: LicenseType) -> str:
    """Return the document of a type; what is as it is by default is left out."""
    said = kind.model_dump(mode="json", exclude_defaults=True)
    fields = said.pop("fields")
    return (
        "\n".join(
            ["# Written by chaoxin.", *_lines(said), *(line for one in fields for line in ("", "[[fields]]", *_lines(one)))]
        )
        + "\n"
    )


def _lines(table: Mapping[str, Any]) -> list[str]:
    """Return the lines of a table of texts, numbers, truths and lists of texts, which JSON and TOML write alike."""
    return [f"{key} = {json.dumps(value, ensure_ascii=False).replace(_DEL, _ESCAPED_DEL)}" for key, value in table.items()]


def _write_once(place: Path, text: str) -> None:
    """Write a file whole or not at all; ``FileExistsError`` when there is one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".type-") as draft:
        draft.write(text.encode())
        draft.flush()
        os.fchmod(draft.fileno(), 0o644)
        os.link(draft.name, place)
