"""A file issued by workers over Redis: one after the other is killed in the middle, at other writes each; nothing is lost, nothing is there twice.

Two are killed each time, twelve by `make test-kills`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from licenses.bulk import intake, outcomes, work
from licenses.life.orders import operator
from service import jobs
from service.config import load_config
from service.wiring import Services
from tests.support import issuing
from tests.support.commands import run_command
from tests.support.mortal_worker import VARIABLE
from tests.support.new_nodes import put_database
from tests.support.redis import redis_server

ROOT = Path(__file__).parents[2]
ROWS = 130
KILLS = max(2, int(os.environ.get("CHAOXIN_KILLS", "0")) // 16)
BY = operator("operator:cli")


@pytest.fixture
def redis() -> Iterator[str]:
    with redis_server() as url:
        yield url


def rows(count: int) -> list[dict[str, str]]:
    good = {**issuing.GOOD_ROW}
    numbered = [{**good, "number": f"QA2026{place:08d}"} for place in range(1, count // 2 + 1)]
    without = [{**good, "number": "", "holder_name": f"饶平县第{place}食品厂"} for place in range(count - len(numbered) - 1)]
    return [*numbered, *without, {**good, "number": "QA202600000001", "holder_name": "别家"}]


def worker(config: Path, writes: int) -> subprocess.Popen[bytes]:
    """Start a worker that is killed over a chunk after so many writes."""
    command = [sys.executable, "-m", "tests.support.mortal_worker", "--config", str(config), "worker", "--workers", "1"]
    environment = {**os.environ, VARIABLE: str(writes)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_workers_that_are_killed_lose_nothing_and_double_nothing(tmp_path: Path, redis: str) -> None:
    config = tmp_path / "node" / "chaoxin.toml"
    who = ("--code", "445100", "--name", "潮州市", "--url", "http://localhost:18795", "--port", "18795")
    place = ("--province", "广东省", "--city", "潮州市", "--database", put_database(config.parent))
    made = run_command("init", str(config.parent), *who, *place)
    assert made.returncode == 0, made.stderr
    assert run_command("department", "import", str(issuing.DATA / "departments.csv"), config=config).returncode == 0
    with config.open("a", encoding="utf-8") as stream:
        stream.write(f'\n[queue]\nredis = "{redis}"\n')
    file = tmp_path / "applications.csv"
    file.write_bytes(issuing.csv_of(*rows(ROWS)).getvalue())
    handed = run_command("license", "issue", str(file), "--background", "--json", config=config)
    assert handed.returncode == 0, handed.stderr
    batch_id = json.loads(handed.stdout)["id"]
    with Services(load_config(config)) as services:
        assert jobs.make_queue(services).pending_count() == -(-ROWS // intake.CHUNK), "a message for each chunk"
        living: list[subprocess.Popen[bytes]] = []
        try:
            for killed in range(KILLS):
                living.append(worker(config, 7 + 5 * killed))
                if len(living) == 2:  # two at a time, of which the elder dies first
                    assert living.pop(0).wait(300) == -signal.SIGKILL
            assert [one.wait(300) for one in living] == [-signal.SIGKILL]
        finally:
            for one in living:
                one.kill()
                one.wait()
        batch, progress = outcomes.get_batch(services.licenses, batch_id, BY)
        assert progress.chunks_done < batch.chunks
        # What the dead had claimed is free again after a while: here at once.
        while work.work_one(services.licenses, batch_id) or freed(services, batch_id):
            pass
        batch, progress = outcomes.get_batch(services.licenses, batch_id, BY)
        told = list(outcomes.rows_of(services.licenses, batch))
        assert Counter(one["outcome"] for one in told) == {"issued": ROWS - 1, "refused": 1}, Counter(
            one.get("code") for one in told
        )
        assert (progress.issued, progress.refused, progress.chunks_done) == (ROWS - 1, 1, batch.chunks)
        assert told[-1]["code"] == "duplicate_number"
        with services.licenses.work.read() as reading:
            stored = [one for _key, one in reading.records.licenses(state=None, limit=ROWS * 2)]
            size = reading.records.log_size()
    assert {one["number"] for one in told[:-1]} == {one.number for one in stored}
    assert len(stored) == len({one.number for one in stored}) == size == ROWS - 1
    assert {one.state for one in stored} == {"issued"}


def freed(services: Services, batch_id: str) -> bool:
    """Take a chunk whose claim has not run out yet, as somebody will once it has."""
    later = services.clock.now() + work.CLAIMED_FOR + timedelta(seconds=1)
    with services.licenses.work.begin() as taking:
        chunk = taking.records.claim_chunk(batch_id, now=later, until=services.clock.now())
    return chunk is not None
