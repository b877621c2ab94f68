"""What would become of a waiting batch: its first rows held against registry and policies as they are now. Nothing is changed.

Left to others: issuing it, which checks every row again (``work``), having that done (``deciding``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.errors import Refusal
from licenses import issue, render
from licenses.applications import Rules, rules_of
from licenses.bulk.outcomes import refused_row
from licenses.bulk.work import check_item
from licenses.bulk_records import Batch
from licenses.ports import LicenseDeps, LicenseRecords
from policies.licenses import find_type

ROWS = 2000
"""How many rows are looked at: so many in a second or two."""

_PAGE = 8


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How many rows were looked at, and what they would come to; ``refused`` are told as they would be then."""

    rows: int
    issued: int
    already: int
    refused: Sequence[dict[str, Any]]


def foresee(deps: LicenseDeps, batch: Batch) -> Foreseen:
    """Return what would become of the first ``ROWS`` rows of a batch."""
    issued, already, refused = 0, 0, []
    with deps.work.read() as work:
        rules = rules_of(deps, work.records)
        for item in _items(work.records, batch):
            told = item if "outcome" in item else _foresee_row(deps, work.records, item, rules, batch)
            if isinstance(told, bool):
                issued, already = issued + (not told), already + told
            else:
                refused.append(told)
    return Foreseen(issued + already + len(refused), issued, already, refused)


def _items(records: LicenseRecords, batch: Batch) -> Iterator[dict[str, Any]]:
    after, seen = 0, 0
    while seen < ROWS:
        page = records.chunks(batch.id, done=False, after=after, limit=_PAGE)
        for chunk in page:
            items = json.loads(chunk.content)
            seen += len(items)
            yield from items
        if len(page) < _PAGE:
            return
        after = page[-1].place


def _foresee_row(
    deps: LicenseDeps, records: LicenseRecords, item: dict[str, Any], rules: Rules, batch: Batch
) -> bool | dict[str, Any]:
    """Return whether there is such a licence already, or why the row would be refused."""
    application = check_item(item, rules, batch)
    if isinstance(application, Refusal):
        return refused_row(item["row"], application)
    try:
        if issue.find_given(deps, records, application) is not None:
            return True
        kind = find_type(deps.policies.licenses, application.type_code)
        if kind is not None:
            render.check_printable(application, kind)
    except Refusal as refusal:
        return refused_row(item["row"], refusal)
    return False
