"""Issues a file of applications: row by row answered, resumable, a second run issues nothing twice.

Rows are issued in groups that share their transactions; what was answered is recorded. Left to others: reading the file (``rows``),
checking one row (``applications``), issuing (``issue``), showing progress and reports (the command line, the worker).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from kernel.errors import Refusal, Text
from kernel.rows import Row, RowFile, open_rows
from licenses import archive
from licenses.applications import COLUMNS, Rules, check_application, rules_of
from licenses.errors import DUPLICATE_NUMBER
from licenses.issue import Issued, issue_many
from licenses.ports import LicenseDeps
from licenses.registry_records import Application

GROUP = 16
"""How many applications share a transaction: few enough that a crash leaves little to finish."""

_ANSWERED_AFTER = 64
_IGNORED = frozenset({"row", "expect"})

Outcome = Literal["issued", "already", "refused"]


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row: the report's columns. ``file`` is the PDF's path; ``code``, ``field`` and texts are a refusal's."""

    row: str
    outcome: Outcome
    number: str = ""
    identifier: str = ""
    file: str = ""
    field: str = ""
    code: str = ""
    message: Text | None = None
    remedy: Text | None = None


def open_file(deps: LicenseDeps, stream: BinaryIO, name: str) -> RowFile:
    """Check a file of applications as a whole; ``Refusal`` when it cannot be read or lacks a column."""
    return open_rows(stream, name, COLUMNS, max_rows=deps.policies.licenses.issuing.max_rows)


def issue_file(deps: LicenseDeps, file: RowFile, folder: Path, *, actor: str) -> Iterator[RowOutcome]:
    """Issue every good row of ``file``, write its PDF into ``folder`` and yield each row's outcome, in order.

    ``OSError`` when a PDF cannot be written; the licence is issued then, and the next run writes it.
    """
    with deps.work.read() as work:
        rules = rules_of(deps, work.records)
    numbers: dict[str, bytes] = {}
    waiting: list[tuple[Row, Application | Refusal]] = []
    ready = 0
    for row in file.rows():
        checked = check_row(row, rules, another=is_number_of_another(row, numbers))
        waiting.append((row, checked))
        ready += isinstance(checked, Application)
        if ready >= GROUP or len(waiting) >= _ANSWERED_AFTER:
            yield from _answer(deps, waiting, folder, actor)
            waiting, ready = [], 0
    yield from _answer(deps, waiting, folder, actor)


def is_number_of_another(row: Row, numbers: dict[str, bytes]) -> bool:
    """Tell whether an earlier row, refused or not, bore this row's number with other contents; ``numbers`` remembers the first of each."""
    number = "" if row.fault is not None else row.values["number"].strip()
    content = _content(row.values)
    return bool(number) and numbers.setdefault(number, content) != content


def check_row(row: Row, rules: Rules, *, another: bool) -> Application | Refusal:
    """Return the application that a row is, or why it is none; ``another``: its number is another row's."""
    if row.fault is not None:
        return row.fault
    try:
        application = check_application(row.values, rules)
    except Refusal as refusal:
        return refusal
    if another:
        return Refusal(DUPLICATE_NUMBER, field="number", number=row.values["number"].strip())
    return application


def _content(values: Mapping[str, str]) -> bytes:
    told = "\x1f".join(f"{column}={text.strip()}" for column, text in values.items() if column not in _IGNORED)
    return hashlib.blake2b(told.encode(), digest_size=16).digest()


def _answer(
    deps: LicenseDeps, waiting: list[tuple[Row, Application | Refusal]], folder: Path, actor: str
) -> Iterator[RowOutcome]:
    applications = [checked for _row, checked in waiting if isinstance(checked, Application)]
    answers = iter(issue_many(deps, applications, actor=actor)) if applications else iter(())
    for row, checked in waiting:
        answer = next(answers) if isinstance(checked, Application) else checked
        if isinstance(answer, Refusal):
            yield _refused(row, answer)
        else:
            yield _issued(deps, row, answer, folder)


def _issued(deps: LicenseDeps, row: Row, answer: Issued, folder: Path) -> RowOutcome:
    path = folder / archive.file_name(answer.record)
    if answer.pdf is not None or not path.is_file():
        archive.write_document(folder, answer.record, answer.pdf or archive.get_document(deps, answer.record))
    outcome: Outcome = "already" if answer.already else "issued"
    return RowOutcome(row.label, outcome, answer.record.number, answer.record.identifier, str(path))


def _refused(row: Row, refusal: Refusal) -> RowOutcome:
    number = row.values.get("number", "").strip()
    shown = number if number.isascii() and number.isalnum() else ""  # nothing that a spreadsheet would take for a formula
    return RowOutcome(
        row.label,
        "refused",
        number=shown,
        field=refusal.field or "",
        code=refusal.code,
        message=refusal.text,
        remedy=refusal.remedy,
    )
