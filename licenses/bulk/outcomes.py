"""What became of the rows of a batch, as it is kept and told: the report's columns, refusals in both languages with their remedy."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kernel.errors import Language, Refusal
from licenses.bulk_records import Batch, Progress
from licenses.errors.life import BATCH_NOT_FOUND
from licenses.issue import Issued
from licenses.life.orders import Officer
from licenses.ports import LicenseDeps, LicenseRecords

COLUMNS = ("row", "outcome", "number", "identifier", "field", "code", "message")
_PAGE = 50
_FEW = 4
"""So many chunks at a time for a page that shows a few hundred rows."""


def refused_row(label: str, refusal: Refusal) -> dict[str, Any]:
    """Return a row that was refused."""
    return {
        "row": label,
        "outcome": "refused",
        "field": refusal.field or "",
        "code": refusal.code,
        "message": refusal.text.as_json(),
        "remedy": refusal.remedy.as_json(),
    }


def issued_row(batch: Batch, label: str, answer: Issued) -> dict[str, Any]:
    """Return a row that led to a licence: ``already`` only if that was there before the batch was handed in."""
    outcome = "already" if answer.already and answer.record.requested_at < batch.asked_at else "issued"
    return {"row": label, "outcome": outcome, "number": answer.record.number, "identifier": answer.record.identifier}


def get_batch(deps: LicenseDeps, batch_id: str, officer: Officer) -> tuple[Batch, Progress]:
    """Return a batch that the officer may see, with how far it is."""
    with deps.work.read() as work:
        return find_batch(work.records, batch_id, officer), work.records.progress(batch_id)


def find_batch(records: LicenseRecords, batch_id: str, officer: Officer) -> Batch:
    """Return a batch that the officer may see; ``Refusal`` when there is none."""
    batch = records.find_batch(batch_id)
    if batch is None or not (officer.departments is None or batch.departments == officer.departments):
        raise Refusal(BATCH_NOT_FOUND, field="batch")
    return batch


def list_batches(deps: LicenseDeps, officer: Officer) -> list[tuple[Batch, Progress]]:
    """Return the officer's last batches."""
    with deps.work.read() as work:
        found = work.records.batches(departments=officer.departments, limit=_PAGE)
        return [(batch, work.records.progress(batch.id)) for batch in found]


def list_waiting(deps: LicenseDeps, officer: Officer) -> Sequence[Batch]:
    """Return the officer's batches that wait for a word."""
    with deps.work.read() as work:
        return work.records.batches(departments=officer.departments, state="waiting", limit=_PAGE)


def rows_of(deps: LicenseDeps, batch: Batch) -> Iterator[dict[str, Any]]:
    """Return what became of the rows so far, in order."""
    return _rows(deps, batch, refused=False, limit=_PAGE)


def refused_of(deps: LicenseDeps, batch: Batch) -> Iterator[dict[str, Any]]:
    """Return the rows that were refused so far, in order; what holds none of them is not decrypted."""
    rows = _rows(deps, batch, refused=True, limit=_FEW)
    return (row for row in rows if row["outcome"] == "refused")


def _rows(deps: LicenseDeps, batch: Batch, *, refused: bool, limit: int) -> Iterator[dict[str, Any]]:
    after = 0
    while True:
        with deps.work.read() as work:
            page = work.records.chunks(batch.id, done=True, after=after, limit=limit, refused=refused)
        for chunk in page:
            yield from json.loads(chunk.content)
        if len(page) < limit:
            return
        after = page[-1].place


def as_csv(rows: Iterable[dict[str, Any]], language: Language) -> Iterator[str]:
    """Return what became of rows as the lines of a CSV file, with the column names first."""
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        message = row.get("message", {}).get(language, "")
        writer.writerow([*(row.get(column, "") for column in COLUMNS[:-1]), message])
        yield _taken(line)
    yield _taken(line)


def _taken(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text


def as_json(batch: Batch, progress: Progress) -> dict[str, Any]:
    """Return how far a batch is."""
    done = progress.issued + progress.already + progress.refused
    return {
        "id": batch.id,
        "name": batch.name,
        "state": batch.state,
        "rows": batch.rows,
        "done": done,
        "finished": batch.state == "released" and progress.chunks_done == batch.chunks,
        "issued": progress.issued,
        "already": progress.already,
        "refused": progress.refused,
    }
