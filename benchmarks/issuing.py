"""Licences issued by the thousand: rendered, sealed, time-stamped, logged, recorded; and what their QR codes say, signed and verified."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.figures import Figure, cpu_milliseconds, slower
from kernel.clock import SystemClock
from licenses import qr, qr_keys
from licenses.batch import GROUP
from licenses.issue import Issued, issue_many
from pki.storage import GenerationReader
from tests.support.databases import engine_on
from tests.support.issuing import application, make_license_deps

LICENCES = 10 * GROUP
PER_SECOND_LIMIT = 60.0
QR_LIMIT = 0.5


def measure() -> Iterator[Figure]:
    """Issue on SQLite, on one core."""
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder, engine_on(f"sqlite:///{folder}/node.sqlite") as engine:
        deps = make_license_deps(engine, Path(folder), SystemClock())
        deps = replace(deps, pki=replace(deps.pki, generation=GenerationReader(engine)))
        asked = [application(deps, number=f"44512220210{number:07d}") for number in range(1, LICENCES + GROUP + 1)]
        first = issue_many(deps, asked[:GROUP], actor="operator:bench")[0]
        start = time.process_time()
        for place in range(GROUP, len(asked), GROUP):
            issue_many(deps, asked[place : place + GROUP], actor="operator:bench")
        rate = LICENCES / (time.process_time() - start)
        yield Figure("licences issued a CPU second", rate, "per CPU-s", "limit", PER_SECOND_LIMIT / slower(), "higher")
        assert isinstance(first, Issued)
        keys, record = qr_keys.own_keys(deps), first.record
        both = cpu_milliseconds(lambda: qr.verify(qr.parse(qr_keys.statement(deps, record, bytes(32))), keys))
        yield Figure("QR statement signed and verified", both, "ms CPU", "limit", QR_LIMIT * slower())
