"""Files of applications: by two workers on Redis and PostgreSQL of which some are killed, and one in which everything is wrong.

So many rows really go through as said; what a million takes is worked out from them and said so. ``CHAOXIN_BENCH_ROWS`` sets how many.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from benchmarks.figures import Figure
from kernel.clock import SystemClock
from licenses import batch
from licenses.applications import COLUMNS
from licenses.bulk import intake, outcomes
from licenses.life.orders import operator
from service.config import load_config
from service.wiring import Services
from tests.support.commands import run_command
from tests.support.databases import PostgresServer, engine_on
from tests.support.issuing import DATA, GOOD_ROW, make_license_deps
from tests.support.mortal_worker import VARIABLE
from tests.support.redis import redis_server

ROOT = Path(__file__).parents[1]
ROWS = int(os.environ.get("CHAOXIN_BENCH_ROWS", "2000"))
WRONG_ROWS = 100_000
MILLION = 1_000_000
KILLS = 4
WRONG: tuple[Mapping[str, str], ...] = (
    {"holder_id": "1"}, {"issue_date": "2026-02-30"}, {"area_code": "x"}, {"extra": "=;="}, {"type_code": "9"}, {"holder_name": ""},
    {"issuer_id": "1"}, {"number": "x"},
)  # fmt: skip
_SECONDS_LIMIT, _MEMORY_LIMIT, _GROWTH_LIMIT, _DISK_LIMIT = 600.0, 500.0, 60.0, 200.0
_MIB = 1024.0


def measure() -> Iterator[Figure]:
    """Have the workers issue ``ROWS`` rows, and have ``WRONG_ROWS`` refused."""
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder:
        yield from _wrong(Path(folder))
        yield from _job(Path(folder))


def _wrong(folder: Path) -> Iterator[Figure]:
    file = folder / "wrong.csv"
    _write(file, ({"number": f"QA{place:012d}", **WRONG[place % len(WRONG)]} for place in range(WRONG_ROWS)))
    with engine_on(f"sqlite:///{folder}/node.sqlite") as engine:
        deps = make_license_deps(engine, folder, SystemClock())

        def take_in(stream: BinaryIO) -> None:
            assert intake.take_in(deps, stream, file.name, operator("operator:bench"), hold=True).rows == WRONG_ROWS

        def refuse(stream: BinaryIO) -> None:
            told = batch.issue_file(deps, batch.open_file(deps, stream, file.name), folder, actor="operator:bench")
            assert all(one.outcome == "refused" for one in told)

        for name, act in (("taken in", take_in), ("all wrong", refuse)):
            before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
            with file.open("rb") as stream:
                act(stream)
            seconds = (time.process_time() - start) * MILLION / WRONG_ROWS
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / _MIB * MILLION / WRONG_ROWS
            rows = f"a million rows, {name} (from {WRONG_ROWS:,})"
            yield Figure(rows, seconds, "s CPU", "limit", _SECONDS_LIMIT)
            yield Figure(f"{rows}: memory", max(grown, 0.1), "MiB", "limit", _MEMORY_LIMIT)


def _job(folder: Path) -> Iterator[Figure]:
    with PostgresServer(durable=True) as server, server.database() as database, redis_server() as redis:
        config = _node(folder, database, redis)
        file = folder / "good.csv"
        _write(file, ({"number": f"QA{place:012d}"} for place in range(ROWS)))
        handed = run_command("license", "issue", str(file), "--background", "--json", config=config)
        batch_id = json.loads(handed.stdout)["id"]
        with Services(load_config(config)) as services:
            empty = _disk(services)
            rate, memory = _run(services, config, batch_id)
            disk = (_disk(services) - empty) / 1024 / ROWS
            _, progress = outcomes.get_batch(services.licenses, batch_id, operator("operator:cli"))
            assert (progress.issued, progress.already, progress.refused) == (ROWS, 0, 0), progress
            with services.licenses.work.look() as work:
                assert work.records.log_size() == ROWS
    name = f"two workers after {KILLS} were killed, {ROWS:,} rows"
    yield Figure(name, rate, "rows/s", "a million in a night of 8 h", MILLION / (8 * 3600), "higher")
    yield Figure(f"{name}: a worker's memory grew by", max(memory[-1] - memory[0], 0.1), "MiB", "limit", _GROWTH_LIMIT)
    yield Figure(f"{name}: the database, a licence", disk, "KiB", "limit", _DISK_LIMIT)


def _disk(services: Services) -> int:
    with services.engine.connect() as connection:
        return int(connection.execute(sa.text("select pg_database_size(current_database())")).scalar_one())


def _run(services: Services, config: Path, batch_id: str) -> tuple[float, list[float]]:
    """Have workers issue the batch, the first ones dying over it; return the last two's rows a second, and their memory over time."""
    fuses = [60 + 200 * place for place in range(KILLS)] + [10**9, 10**9]
    living: list[subprocess.Popen[bytes]] = []
    memory = [0.0]
    seen: list[tuple[float, int]] = []
    try:
        while True:
            living = [one for one in living if one.poll() is None]
            while fuses and len(living) < 2:
                living.append(_worker(config, fuses.pop(0)))
            assert living, "the workers are gone"
            found, progress = outcomes.get_batch(services.licenses, batch_id, operator("operator:cli"))
            if not fuses and (not seen or seen[-1][1] != progress.issued):
                seen.append((time.monotonic(), progress.issued))
            if progress.chunks_done == found.chunks:
                # From the third chunk that they finished on, where there are so many: by then both have started.
                (start, before), (end, after) = seen[min(2, max(0, len(seen) - 2))], seen[-1]
                return (after - before) / max(end - start, 1e-3), memory
            if len(seen) > 2 and living:
                now = max(_resident(one.pid) for one in living)
                memory = [memory[0] or now, now]
            time.sleep(0.1)
    finally:
        for one in living:
            one.kill()
            one.wait()


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    told = status.partition("VmRSS:")[2].split()
    return int(told[0]) / _MIB if told else 0.0  # it ended just now


def _worker(config: Path, writes: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.mortal_worker", "--config", str(config), "worker", "--workers", "1"]
    environment = {**os.environ, VARIABLE: str(writes)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _node(folder: Path, database: str, redis: str) -> Path:
    config = folder / "node" / "chaoxin.toml"
    who = ("--code", "445100", "--name", "潮州市", "--url", "http://localhost:18797", "--port", "18797", "--database", database)
    for arguments in (
        ("init", str(config.parent), *who, "--province", "广东省", "--city", "潮州市"),
        ("--config", str(config), "department", "import", str(DATA / "departments.csv")),
    ):
        made = run_command(*arguments)
        assert made.returncode == 0, made.stderr
    with config.open("a", encoding="utf-8") as stream:
        stream.write(f'\n[queue]\nredis = "{redis}"\n')
    return config


def _write(file: Path, rows: Iterator[Mapping[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS.required, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**GOOD_ROW, **row} for row in rows)
