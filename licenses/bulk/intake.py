"""Takes a file of applications in: read once, kept in chunks, so that any number of workers can go on with it.

Nothing is checked here but the file itself and what only the whole of it shows: a number that stands there twice with different
contents. Left to others: the rows (``work``), the queue (``service``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.row_errors import CSV_EMPTY
from kernel.rows import Row
from licenses import batch
from licenses.bulk.outcomes import refused_row
from licenses.bulk_records import Batch, Chunk
from licenses.errors.life import ACT_NOT_DONE_HERE, BATCH_TAKES_TWO
from licenses.life.orders import Officer
from licenses.life.transitions import ISSUE
from licenses.ports import LicenseDeps
from policies.licenses import find_act

CHUNK = 64


def take_in(deps: LicenseDeps, stream: BinaryIO, name: str, officer: Officer) -> Batch:
    """Store the applications of a CSV file and return the batch that they are; ``Refusal`` for a file that cannot be read."""
    _check_allowed(deps, officer)
    file = batch.open_file(deps, stream, name)
    rows = _items(file.rows())
    made, count, places, now = token(12), 0, 0, deps.clock.now()
    with deps.work.begin() as work:
        while items := list(islice(rows, CHUNK)):
            places += 1
            count += len(items)
            work.records.add_chunk(Chunk(made, places, json.dumps(items, ensure_ascii=False).encode()))
        if not count:
            raise Refusal(CSV_EMPTY, file=name)
        stored = Batch(made, name[:100], officer.actor, now, officer.departments, count, places)
        work.records.add_batch(stored)
        details = {"rows": count}
        work.audit.record(AuditEvent(now, officer.actor, "licenses.take_batch", f"batch:{made}", "intent", details))
    return stored


def _check_allowed(deps: LicenseDeps, officer: Officer) -> None:
    """Refuse a department's file where an application by itself would not be issued on that department's word alone."""
    rules = find_act(deps.policies.licenses, "issue")
    if officer.departments is None:  # the node's operator, who issues by command
        return
    if rules is None:
        raise Refusal(ACT_NOT_DONE_HERE, field="act", act_zh=ISSUE.zh, act_en=ISSUE.en)
    if rules.officers > 1:
        raise Refusal(BATCH_TAKES_TWO, field="file")


def _items(rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
    """Return each row as it is kept: its values, or why it cannot be read; ``another``: an earlier row bore its number."""
    numbers: dict[str, bytes] = {}
    for row in rows:
        if row.fault is not None:
            yield refused_row(row.label, row.fault)
        else:
            another = batch.is_number_of_another(row, numbers)
            yield {"row": row.label, "values": dict(row.values), "another": another}
