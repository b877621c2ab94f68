"""The demo is not rebuilt where its certificates, licences and clients name other addresses, and leaves no process behind."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.errors import Misuse
from service.cli.init import configuration, write_new_files
from service.demo import processes
from service.demo.addresses import check_unmoved
from service.demo.federation import Demo
from service.demo.plan import NODES
from service.demo.processes import Processes

ROOT = Path(__file__).parents[3]


def test_other_ports_than_those_it_was_built_for_are_refused_by_name(tmp_path: Path) -> None:
    node = NODES[-1]
    options = {"code": node.code, "name": node.name, "url": "http://localhost:9000", "province": "广东省", "city": "潮州市"}
    port: dict[str, str | int | None] = {"port": 9000 + node.offset, "database": "sqlite:///node.sqlite", "county": node.county}
    write_new_files(tmp_path / node.code, configuration(port | options))
    check_unmoved(Demo(tmp_path, 9000))
    with pytest.raises(Misuse) as refused:
        check_unmoved(Demo(tmp_path, 9100))
    assert refused.value.code == "demo_elsewhere"
    assert "9000" in refused.value.text.en


def test_a_server_that_does_not_hear_is_ended_with_its_web_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.0)
    locked, log = tmp_path / "locked", tmp_path / "deaf.log"
    with Processes(tmp_path) as started:
        started.start("deaf", "tests.support.deaf", str(locked), environment={"PYTHONPATH": str(ROOT)})
        eventually(lambda: log.read_text() == "deaf\ndeaf\n")
        assert not is_free(locked)
    eventually(lambda: is_free(locked))


def is_free(file: Path) -> bool:
    with file.open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
