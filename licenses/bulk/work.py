"""Works a batch off, chunk by chunk. Any number of workers do this at once; one that dies loses nothing and doubles nothing.

1. A chunk is claimed by one conditional statement, for a while. Killed then, somebody else takes it when that is over.
2. Its rows are issued as any application. What an earlier worker issued of it is found again, by number or by content.
3. What became of the rows is stored by whoever is first; the other's answer is the same.

Left to others: taking a file in (``intake``), when and where this runs (``service.jobs``).
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

from kernel.errors import Refusal
from kernel.rows import Row
from licenses import batch
from licenses.applications import Rules, rules_of
from licenses.bulk.outcomes import issued_row, refused_row
from licenses.bulk_records import Batch, Chunk, Progress
from licenses.errors.life import NOT_YOUR_DEPARTMENT
from licenses.issue import issue_many
from licenses.ports import LicenseDeps
from licenses.registry_records import Application

CLAIMED_FOR = timedelta(minutes=2)
CARRIED_ON_FOR = timedelta(seconds=20)


def work_one(deps: LicenseDeps, batch_id: str, *, claimed_for: timedelta = CLAIMED_FOR) -> bool:
    """Work off one chunk of a batch; False when none is left to take. ``Refusal`` while issuing is stopped: then the rows wait."""
    # 1.
    now = deps.clock.now()
    with deps.work.begin() as work:
        found = work.records.find_batch(batch_id)
        free = found is not None and found.state == "released"
        chunk = work.records.claim_chunk(batch_id, now=now, until=now + claimed_for) if free else None
    if found is None or chunk is None:
        return False
    # 2.
    outcomes = _issue(deps, found, json.loads(chunk.content))
    # 3.
    counts = Counter(one["outcome"] for one in outcomes)
    done = Chunk(batch_id, chunk.place, json.dumps(outcomes, ensure_ascii=False).encode())
    with deps.work.begin() as work:
        progress = Progress(1, counts["issued"], counts["already"], counts["refused"])
        work.records.end_chunk(done, progress, deps.clock.now())
    return True


def carry_on(deps: LicenseDeps) -> None:
    """Work off what is left of all batches: where a message of the queue was lost, or a worker with it.

    After a while it ends, with rows left: a million of them must not keep a worker from everything else for hours. The next run goes on.
    """
    end = deps.clock.now() + CARRIED_ON_FOR
    with deps.work.read() as work:
        unfinished = work.records.unfinished()
    for batch_id in unfinished:
        while deps.clock.now() < end and work_one(deps, batch_id):
            pass


def _issue(deps: LicenseDeps, found: Batch, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with deps.work.read() as work:
        rules = rules_of(deps, work.records)
    checked = [(item, item if "outcome" in item else check_item(item, rules, found)) for item in items]
    applications = [one for _item, one in checked if isinstance(one, Application)]
    answers = []
    for start in range(0, len(applications), batch.GROUP):
        answers += issue_many(deps, applications[start : start + batch.GROUP], actor=found.asked_by)
    left = iter(answers)
    outcomes = []
    for item, one in checked:
        answer = next(left) if isinstance(one, Application) else one
        if isinstance(answer, Refusal):
            outcomes.append(refused_row(item["row"], answer))
        else:
            outcomes.append(answer if isinstance(answer, dict) else issued_row(found, item["row"], answer))
    return outcomes


def check_item(item: dict[str, Any], rules: Rules, found: Batch) -> Application | Refusal:
    """Return the application that a kept row is, or why it is none that this batch may bring."""
    checked = batch.check_row(Row(item["row"], item["values"]), rules, another=item["another"])
    if isinstance(checked, Application) and found.departments is not None and checked.issuer_uscc not in found.departments:
        return Refusal(NOT_YOUR_DEPARTMENT, field="issuer_id")
    return checked
