"""What the worker failed at is kept until a success: counted, told on every way that an operator looks, without what it worked on."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from kernel.clock import FixedClock
from kernel.errors import Refusal
from service import failed_jobs, jobs
from service.app import create_app
from service.config import load_config
from service.errors import DIRECTORY_MISSING
from service.failed_jobs import FailedJob, FailedJobs
from service.metrics import Metrics
from service.wiring import Services
from tests.support.commands import run_command
from tests.support.databases import create_all

NAME = "林思敏"


@pytest.fixture
def kept(engine: sa.Engine, clock: FixedClock) -> FailedJobs:
    create_all(engine, failed_jobs.metadata)
    return FailedJobs(engine, clock)


def test_failures_are_counted_from_the_first_after_a_success(kept: FailedJobs, clock: FixedClock) -> None:
    begun = clock.now()
    kept.note("probe_peers", "", "OperationalError", "one")
    clock.advance(timedelta(minutes=15))
    kept.note("probe_peers", "", "directory_missing", "two")
    kept.note("clean_up", "", "KeyError", "three")
    assert set(kept.listed()) == {
        FailedJob("probe_peers", "", begun, clock.now(), 2, "directory_missing", "two"),
        FailedJob("clean_up", "", clock.now(), clock.now(), 1, "KeyError", "three"),
    }
    kept.clear("probe_peers")
    assert [one.job for one in kept.listed()] == ["clean_up"]
    kept.note("probe_peers", "", "KeyError", "four")
    assert [(one.times, one.since) for one in kept.listed() if one.job == "probe_peers"] == [(1, clock.now())]


def test_of_a_queued_job_each_subject_is_kept_until_it_is_done(kept: FailedJobs) -> None:
    for batch in ("b1", "b2"):
        kept.note(jobs.CHUNK, batch, "KeyError", "one")
    kept.clear(jobs.CHUNK, but=["b2"])
    assert [one.subject for one in kept.listed()] == ["b2"]


def test_workers_that_fail_at_once_are_all_counted(kept: FailedJobs) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: kept.note("clean_up", "", "KeyError", str(number)), range(12)))
    assert [one.times for one in kept.listed()] == [12]


def test_a_failure_is_kept_by_its_class_or_code_and_its_words_stay_in_the_log(kept: FailedJobs) -> None:
    with capture_logs() as logs:
        with kept.keeping("clean_up"):
            raise LookupError(NAME)
        with kept.keeping("publish_in_directory"):
            raise Refusal(DIRECTORY_MISSING)
    told = {one.job: one for one in kept.listed()}
    assert {one.job: one.error for one in told.values()} == {
        "clean_up": "LookupError",
        "publish_in_directory": "directory_missing",
    }
    assert NAME not in repr(told)
    assert [(line["event"], line["incident"]) for line in logs] == [
        ("job_failed", told[job].incident) for job in ("clean_up", "publish_in_directory")
    ]


def test_where_a_failure_cannot_be_kept_either_the_worker_goes_on(engine: sa.Engine, clock: FixedClock) -> None:
    with engine.begin() as connection:
        failed_jobs.metadata.drop_all(connection)
    with capture_logs() as logs, FailedJobs(engine, clock).keeping("clean_up"):
        raise LookupError
    assert [line["event"] for line in logs] == ["job_failed", "job_failure_not_kept"]


def test_a_job_that_fails_is_told_by_commands_and_figures_until_it_comes_off_well(config: Path) -> None:
    broken = True

    def probe_peers(_services: Services) -> None:
        if broken:
            raise TimeoutError(NAME)

    with Services(load_config(config)) as services:
        assert run_command("jobs", config=config).returncode == 0
        jobs.run(probe_peers, services)
        jobs.run(probe_peers, services)
        told = run_command("jobs", "--json", config=config)
        (one,) = json.loads(told.stdout)["failed"]
        assert (told.returncode, one["job"], one["times"], one["error"]) == (1, "probe_peers", 2, "TimeoutError")
        assert f"✗ probe_peers failed 2 times since {one['since']}" in run_command("jobs", config=config).stdout
        checks = json.loads(run_command("doctor", "--json", config=config).stdout)["checks"]
        assert [check["warnings"] for check in checks if check["check"] == "jobs"] != [[]]
        metrics = Metrics()
        create_app(services, metrics)
        assert b'chaoxin_job_failures{job="probe_peers"} 2.0' in generate_latest(metrics.registry)
        broken = False
        jobs.run(probe_peers, services)
        assert run_command("jobs", config=config).returncode == 0


def test_a_chunk_that_fails_is_told_until_its_batch_is_done(config: Path) -> None:
    with Services(load_config(config)) as services:
        queue = jobs.make_queue(services)
        with services.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE licenses_batches RENAME TO away")
        queue.enqueue(queue.chaoxin_issue_chunk.s("b1"))
        queue.execute(queue.dequeue())
        assert [(one.job, one.subject) for one in services.failed_jobs.listed()] == [(jobs.CHUNK, "b1")]
        with services.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO licenses_batches")
        jobs.run(jobs.carry_on_batches, services)
        assert services.failed_jobs.listed() == []
