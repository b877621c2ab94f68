"""Licences issued by two processes on one node's database at the same time, as two workers of a bulk run do: on SQLite and on PostgreSQL.

What counts is licences a second by the clock: the processes wait for each other's commits, and on PostgreSQL for the server, which has
no processor of its own here either. Beside it stands what their CPU time alone would give: on a machine that does other things as well,
the clock tells more of those. The limit is that of the machine on which it was set, times what this one takes longer.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.figures import Figure, slower
from kernel.clock import SystemClock
from licenses.batch import GROUP
from licenses.issue import issue_many
from pki.storage import GenerationReader
from tests.support.databases import PostgresServer, engine_on
from tests.support.issuing import application, make_license_deps

PER_SECOND_LIMIT = 110.0
_PROCESSES = 2
_EACH = 25 * GROUP
_NEW = multiprocessing.get_context("spawn")


def measure() -> Iterator[Figure]:
    """Issue on both databases."""
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder:
        yield from _together("SQLite", f"sqlite:///{folder}/node.sqlite", folder)
    with (
        tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder,
        PostgresServer(durable=True) as server,
        server.database() as url,
    ):
        yield from _together("PostgreSQL", url, folder)


def _together(name: str, url: str, folder: str) -> Iterator[Figure]:
    _issue(url, folder, 0, GROUP)
    ready, told = _NEW.Barrier(_PROCESSES), _NEW.SimpleQueue()
    processes = [_NEW.Process(target=_work, args=(url, folder, number, ready, told)) for number in range(1, _PROCESSES + 1)]
    for process in processes:
        process.start()
    spans = [told.get() for _ in processes]
    for process in processes:
        process.join()
    seconds = max(end for _, end, _ in spans) - min(start for start, _, _ in spans)
    spent = sum(cpu for *_, cpu in spans)
    what, issued = f"licences a second by {_PROCESSES} processes, {name}", _PROCESSES * _EACH
    by_clock, by_cpu = issued / seconds, _PROCESSES * issued / spent
    yield Figure(what, by_clock, "1/s", "limit", PER_SECOND_LIMIT / slower(), "higher")
    yield Figure(f"{what}, had nobody waited", by_cpu, "per 2 CPU-s", "limit", PER_SECOND_LIMIT / slower(), "higher")


def _work(
    url: str, folder: str, number: int, ready: Barrier, told: multiprocessing.SimpleQueue[tuple[float, float, float]]
) -> None:
    told.put(_issue(url, folder, number, _EACH, ready))


def _issue(url: str, folder: str, number: int, count: int, ready: Barrier | None = None) -> tuple[float, float, float]:
    """Issue ``count`` licences after the first ones; return when that began and ended, and the CPU seconds that it took."""
    with engine_on(url) as engine:
        deps = make_license_deps(engine, Path(folder), SystemClock())
        deps = replace(deps, pki=replace(deps.pki, generation=GenerationReader(engine)))
        asked = [application(deps, number=f"4451222021{number}{place:07d}") for place in range(GROUP + count)]
        issue_many(deps, asked[:GROUP], actor="operator:bench")
        if ready is not None:
            ready.wait()
        start, spent = time.monotonic(), time.process_time()
        for place in range(GROUP, len(asked), GROUP):
            issue_many(deps, asked[place : place + GROUP], actor="operator:bench")
        return start, time.monotonic(), time.process_time() - spent
