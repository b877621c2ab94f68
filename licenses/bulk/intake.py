"""Takes a file of applications in: read once, kept in chunks, so that any number of workers can go on with it.

Nothing is checked here but the file itself and what only the whole of it shows: a number that stands there twice with different
contents. Left to others: the rows (``work``), who has a batch issued (``deciding``), the queue (``service``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any, BinaryIO

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.row_errors import CSV_EMPTY
from kernel.rows import Row
from licenses import batch
from licenses.bulk.deciding import check_issues, takes_two
from licenses.bulk.outcomes import refused_row
from licenses.bulk_records import Batch, Chunk
from licenses.errors.life import BATCH_DECIDED
from licenses.life.orders import Officer
from licenses.ports import LicenseDeps

CHUNK = 64
_TOGETHER = 32
"""Chunks that share a transaction: nobody else waits for a whole file to be written."""


def take_in(deps: LicenseDeps, stream: BinaryIO, name: str, officer: Officer, *, hold: bool = False) -> Batch:
    """Store the applications of a CSV file and return the batch that they are; ``Refusal`` for a file that cannot be read.

    It is the workers' to issue, unless it is to ``hold`` until somebody has looked at it, or takes a second officer.
    """
    check_issues(deps, officer)
    file = batch.open_file(deps, stream, name)
    rows = _items(file.rows())
    first = next(rows, None)
    if first is None:
        raise Refusal(CSV_EMPTY, file=name)
    arriving = Batch(token(12), name[:100], officer.actor, officer.person, deps.clock.now(), officer.departments)
    with deps.work.begin() as work:
        work.records.add_batch(arriving)
    count, places = _store(deps, arriving.id, chain([first], rows))
    with deps.work.begin() as work:
        there = replace(arriving, rows=count, chunks=places, state="waiting" if hold or takes_two(deps, officer) else "released")
        arrived = work.records.move_batch(there, "arriving")
        if arrived:
            event = AuditEvent(
                deps.clock.now(), officer.actor, "licenses.take_batch", f"batch:{there.id}", "intent", {"rows": count}
            )
            work.audit.record(event)
        else:  # it took so long that it was held to be left over
            work.records.drop_chunks(there.id)
    if not arrived:
        raise Refusal(BATCH_DECIDED, field="batch")
    return there


def _store(deps: LicenseDeps, batch_id: str, rows: Iterator[dict[str, Any]]) -> tuple[int, int]:
    """Store the rows in chunks and return how many rows and chunks they are."""
    count = places = 0
    while group := list(islice(rows, CHUNK * _TOGETHER)):
        with deps.work.begin() as work:
            for start in range(0, len(group), CHUNK):
                places += 1
                items = group[start : start + CHUNK]
                work.records.add_chunk(Chunk(batch_id, places, json.dumps(items, ensure_ascii=False).encode()))
        count += len(group)
    return count, places


def _items(rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
    """Return each row as it is kept: its values, or why it cannot be read; ``another``: an earlier row bore its number."""
    numbers: dict[str, bytes] = {}
    for row in rows:
        if row.fault is not None:
            yield refused_row(row.label, row.fault)
        else:
            another = batch.is_number_of_another(row, numbers)
            yield {"row": row.label, "values": dict(row.values), "another": another}
