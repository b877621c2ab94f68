"""Verifies one file after another as ``verification`` does one: a few at a time share their look-ups and are audited together.

Each portion is judged at one moment and by one view of the stores; a long batch meets what changes meanwhile.

Left to others: where the files come from (``zips``, ``views``, commands), the verdict itself (``verification``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from licenses.archival import below
from licenses.errors import BATCH_GIVEN_UP
from licenses.gathering import Court
from licenses.ports import LicenseDeps
from licenses.registry_records import Known
from licenses.signatures import TimeStamp
from licenses.verdict import Verdict
from licenses.verification import Examined, check_document, event_of, examine, target_of

PORTION = 64
_PORTION_BYTES = 16 * 1024 * 1024
_MAX_COSTLY = 20
"""Files that cost more than they may, after which the rest of a batch is not looked at."""


_Document: TypeAlias = tuple[bytes, TimeStamp | None]
"""A document below its archive time-stamps, and the newest of those."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file by its name, or why it could not be had."""

    name: str
    content: bytes | Refusal


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a file: a verdict, or why there is none."""

    name: str
    sha256: str | None = None
    verdict: Verdict | None = None
    refusal: Refusal | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer as a line of the stream."""
        if self.refusal is not None:
            error = self.refusal
            problem = {"code": error.code, "message": error.text.as_json(), "remedy": error.remedy.as_json()}
            return {"name": self.name, "problem": problem}
        return {"name": self.name, "sha256": self.sha256, "verdict": None if self.verdict is None else self.verdict.as_json()}


def verify_many(deps: LicenseDeps, items: Iterable[Item], *, actor: str, at: datetime | None = None) -> Iterator[Answer]:
    """Yield what is said of each of ``items``, in their order, at the moment ``at`` or at that of each portion."""
    costly = 0
    for portion in _portions(items):
        if costly > _MAX_COSTLY:
            yield from (Answer(item.name, refusal=Refusal(BATCH_GIVEN_UP, field="file")) for item in portion)
            continue
        answers = _verify(deps, portion, actor, at)
        costly += sum(each.verdict is not None and each.verdict.subindication == "LIMITS_EXCEEDED" for each in answers)
        yield from answers


def _verify(deps: LicenseDeps, portion: list[Item], actor: str, at: datetime | None) -> list[Answer]:
    court = Court(deps, at or deps.clock.now())
    documents = [_document(deps, item) for item in portion]
    digests = [None if isinstance(one, Refusal) else hashlib.sha256(one[0]).hexdigest() for one in documents]
    with deps.work.look() as work:
        known = work.records.find_known([digest for digest in digests if digest is not None])
    answers: list[Answer] = []
    events: list[AuditEvent] = []
    kept: dict[str, bytes] = {}
    elsewhere: dict[str, list[str]] = {}
    for item, document, sha256 in zip(portion, documents, digests, strict=True):
        try:
            found = _judge(court, deps, document, sha256, known)
        except Refusal as refusal:
            answers.append(Answer(item.name, refusal=refusal))
            continue
        answers.append(Answer(item.name, sha256, found.verdict))
        events.append(event_of(deps, str(sha256), found.verdict, actor, court.at))
        if found.reading is not None:
            kept[str(sha256)] = found.reading
        if found.elsewhere is not None:
            elsewhere.setdefault(found.elsewhere, []).append(target_of(str(sha256)))
    with deps.work.note() as work:
        if events:
            work.audit.record_all(events)
        work.records.keep_readings(kept)
        for node_code, targets in sorted(elsewhere.items()):
            work.records.keep_untold(node_code, list(dict.fromkeys(targets)), deps.clock.now())
    return answers


def _document(deps: LicenseDeps, item: Item) -> _Document | Refusal:
    """Return what is judged of the item, or why it is no document."""
    if isinstance(item.content, Refusal):
        return item.content
    try:
        check_document(deps, item.content)
    except Refusal as refusal:
        return refusal
    return below(item.content)


def _judge(
    court: Court, deps: LicenseDeps, document: _Document | Refusal, sha256: str | None, known: Mapping[str, Known]
) -> Examined:
    if isinstance(document, Refusal):
        raise document
    pdf, archive = document
    return examine(court, deps, pdf, str(sha256), known.get(str(sha256)), archive=archive)


def _portions(items: Iterable[Item]) -> Iterator[list[Item]]:
    portion: list[Item] = []
    size = 0
    for item in items:
        portion.append(item)
        size += len(item.content) if isinstance(item.content, bytes) else 0
        if len(portion) >= PORTION or size >= _PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
