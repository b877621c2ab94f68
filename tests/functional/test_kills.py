"""Killed (SIGKILL) at each step of issuing, again and again: no number twice, no seal that is not in the log, nothing lost that was answered.

A few kills each time; `make test-kills` has two hundred on each database, and more of the workers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from kernel.clock import SystemClock
from licenses import archive, recover
from licenses.life import acts
from licenses.life.orders import operator
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from licenses.transparency.audit import audit
from tests.support.databases import engine_on
from tests.support.issuing import make_license_deps

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("CHAOXIN_KILLS", "9"))


def issuers_killed(url: str, folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Have issuers killed on a database; return what was told in the end, and each answer that was given."""
    command = [sys.executable, "-m", "tests.support.mortal_issuer", url, str(folder), str(KILLS)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    *answers, told = [json.loads(line) for line in ran.stdout.splitlines()]
    return told, answers


def everything(deps: LicenseDeps) -> list[LicenseRecord]:
    with deps.work.read() as work:
        return [record for _key, record in work.records.licenses(state=None, limit=100_000)]


def test_an_issuer_that_is_killed_at_each_step_loses_nothing_and_doubles_nothing(database_url: str, tmp_path: Path) -> None:
    told, answers = issuers_killed(database_url, tmp_path)
    assert told["killed"] == KILLS
    if KILLS >= 200:
        assert "one" in told["walked"]
    with engine_on(database_url) as engine:
        deps = make_license_deps(engine, tmp_path, SystemClock())
        recover.finish_or_void(deps)
        records = [record for record in everything(deps) if record.state != "void"]
        # None lost: what was answered is there, and is the very document.
        there = {(record.identifier, record.pdf_sha256) for record in records}
        for answer in answers:
            for identifier, digest in answer["answers"]:
                found = archive.get_copy(deps, digest)[0] if answer["kind"] == "annotate" else None
                assert (found.identifier if found else identifier, digest) in (there if found is None else {(identifier, digest)})
        # No number twice: each version of a licence once, each slot once, one version in force.
        assert {record.state for record in records} == {"issued"}
        assert len({record.identifier for record in records}) == len({record.status_index for record in records}) == len(records)
        in_force = Counter(record.number for record in records if record.status in {"01", "02"})
        assert in_force == Counter({record.number for record in records})
        # No seal unlogged: each document is what the log says of it, and each entry of the log has its document.
        assert audit(deps).problems == []
        for record in records:
            archive.get_document(deps, record)
        with deps.work.read() as work:
            leaves = work.records.log_size()
        made = acts.list_acts(deps, operator("operator:陈"))
        assert len(made) < acts.MAX_SHOWN  # all of them
        assert {act.state for act in made} <= {"done"}
        copies = {act.result for act in made if act.name == "annotate"}
        changes = sum(record.status == "02" for record in records) + sum(record.replaces is not None for record in records)
        assert leaves == len(records) + len(copies) + changes
