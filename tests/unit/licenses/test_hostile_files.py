"""Two hundred hostile PDFs, read by a process like a served node's: each gets a verdict or a refusal, none is lost over memory or time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from kernel.errors import CATALOGUE, Refusal
from licenses.verification import verify
from service.forensics import Forensics
from tests.support.federation import Federation, federation
from tests.support.hostile_pdfs import corpus

MEMORY_KIB = 500 * 1024


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as made:
        yield made


def test_each_of_two_hundred_hostile_files_gets_a_verdict_or_a_refusal(nodes: Federation) -> None:
    rules = nodes.city.policies.licenses.verification
    pool = Forensics(rules.model_copy(update={"forensic_workers": 1}))
    deps = replace(nodes.city, take_apart=pool)
    said: dict[str, str] = {}
    for name, content in corpus():
        try:
            verdict = verify(deps, content, actor="operator:test")
        except Refusal as refusal:
            said[name] = refusal.code
        else:
            assert verdict.indication != "TOTAL_PASSED", name
            assert verdict.message.zh, name
            said[name] = verdict.subindication or ""
    assert len(said) >= 200
    assert {CATALOGUE[code].status for code in said.values() if code in CATALOGUE} == {400, 415}
    # Hardly any needs all of its time; the process that read the last ones never took more memory than it may.
    assert len([name for name, code in said.items() if code == "LIMITS_EXCEEDED"]) < 5
    (process,) = pool._idle
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < MEMORY_KIB
    pool.close()
    assert nodes.verify(nodes.issue_at_city()).indication == "TOTAL_PASSED"
