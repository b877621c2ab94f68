"""Memory over a hundred thousand licences: verified one after another by one process, while thousands are issued and damaged files come in between.

What is looked at is the process's resident memory after the first tenth and at the end. Files are read from the disk when they are wanted:
nothing but what the node itself keeps may grow.
"""

from __future__ import annotations

import gc
import itertools
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import structlog

from benchmarks.figures import Figure
from kernel.clock import FixedClock, SystemClock
from licenses.batch import GROUP
from licenses.issue import Issued, issue_many
from licenses.many.verifying import Item, verify_many
from tests.support.federation import Federation, federation
from tests.support.issuing import application
from tests.support.mutations import mutations

VERIFIED = 100_000
GROWTH_LIMIT = 9.0
"""Megabytes: a hundred octets for each licence of the last nine tenths."""

_DAMAGED_EACH = 50
"""Of so many files one was damaged, each in another way."""

_ISSUED_FIRST, _ISSUED_LATER = 2_000, 1_000


def measure() -> Iterator[Figure]:
    """Verify and issue, and look at the memory twice."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with (
        tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder,
        federation(Path(folder), FixedClock(SystemClock().now() - timedelta(minutes=10))) as nodes,
    ):
        nodes.clock.advance(timedelta(minutes=5))
        documents = Path(folder) / "documents"
        documents.mkdir()
        (documents / "county").write_bytes(nodes.issue_at_county())
        numbers = itertools.count(1)
        tenth = VERIFIED // 10
        _issue(nodes, documents, numbers, _ISSUED_FIRST)
        _verify(nodes, documents, tenth, seed=1)
        early = _resident_megabytes()
        for part in range(2, 11):
            _issue(nodes, documents, numbers, _ISSUED_LATER // 9)
            _verify(nodes, documents, tenth, seed=part)
        grown = _resident_megabytes() - early
    items = f"{VERIFIED:,} licences verified and {_ISSUED_FIRST + _ISSUED_LATER:,} issued"
    yield Figure(f"memory grown by after a tenth of {items}, at {early:.0f} MB", max(grown, 0.0), "MB", "limit", GROWTH_LIMIT)


def _issue(nodes: Federation, documents: Path, numbers: Iterator[int], count: int) -> None:
    for _ in range(0, count, GROUP):
        asked = [application(nodes.city, number=f"445122202100{next(numbers):06d}") for _ in range(GROUP)]
        for answer in issue_many(nodes.city, asked, actor="operator:bench"):
            assert isinstance(answer, Issued)
            assert answer.pdf is not None
            (documents / answer.record.number).write_bytes(answer.pdf)


def _verify(nodes: Federation, documents: Path, count: int, *, seed: int) -> None:
    files = itertools.cycle(sorted(documents.iterdir()))
    damaged = mutations((documents / "county").read_bytes(), count // _DAMAGED_EACH, seed=seed)

    def items() -> Iterator[Item]:
        for place in range(count):
            if place % _DAMAGED_EACH:
                yield Item("", next(files).read_bytes())
            else:
                yield Item("damaged", next(damaged)[1])

    for answer in verify_many(nodes.city, items(), actor="operator:bench"):
        assert answer.verdict is not None
        assert (answer.verdict.indication == "TOTAL_PASSED") is not bool(answer.name)


def _resident_megabytes() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024
