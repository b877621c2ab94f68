"""Registers as CSV files (UTF-8), for small places and for trying things out. They are read anew for each question, so they are never stale.

``name,resident_id`` for people; ``uscc,name,representative_name,representative_id,status`` for legal persons. A file that is not as
it must be answers nothing: better no register than a wrong one. Left to others: large registers (``http``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from idp.registers.errors import REGISTER_AWAY
from idp.registers.http import read_legal_person
from idp.registers.ports import LegalPerson, Match
from kernel.errors import Refusal
from kernel.text import normal_form

PEOPLE = ("name", "resident_id")
LEGAL_PERSONS = ("uscc", "name", "representative_name", "representative_id", "status")


@dataclass(frozen=True, slots=True)
class CsvPopulationRegister:
    """A ``PopulationRegister`` in a file."""

    file: Path

    def match(self, name: str, resident_id: str) -> Match:
        """Look the number up; two people of one number are a fault of the file."""
        found = [normal_form(row["name"]) for row in _rows(self.file, PEOPLE) if row["resident_id"] == resident_id]
        if len(found) > 1:
            raise Refusal(REGISTER_AWAY)
        return "matched" if found == [normal_form(name)] else "not_matched"


@dataclass(frozen=True, slots=True)
class CsvLegalPersonRegister:
    """A ``LegalPersonRegister`` in a file."""

    file: Path

    def find(self, uscc: str) -> LegalPerson | None:
        """Look the code up; two entries of one code are a fault of the file."""
        found = [row for row in _rows(self.file, LEGAL_PERSONS) if row["uscc"] == uscc]
        if len(found) > 1:
            raise Refusal(REGISTER_AWAY)
        if not found:
            return None
        representative = {"name": found[0]["representative_name"], "resident_id": found[0]["representative_id"]}
        entry = {name: found[0][name] for name in ("uscc", "name", "status")}
        return read_legal_person(uscc, entry | {"representative": representative})


def _rows(file: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            if tuple(reader.fieldnames or ()) != columns:
                raise Refusal(REGISTER_AWAY)
            for row in reader:
                if None in row or None in row.values():  # more or fewer values than columns
                    raise Refusal(REGISTER_AWAY)
                yield row
    except (OSError, UnicodeDecodeError, csv.Error):
        raise Refusal(REGISTER_AWAY) from None
