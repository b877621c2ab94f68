"""``chaoxin serve`` up to the moment at which its server begins: what is loaded and shared by then, and how one is ended that does not hear."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import granian.server
import pytest

from service import one_process
from service.one_process import STOP_SECONDS, OneProcess
from tests.support.commands import run_command

ROOT = Path(__file__).parents[3]


@pytest.fixture
def thawed() -> Iterator[None]:
    """What this process had frozen for all tests (``tests/conftest.py``) is thawed meanwhile."""
    gc.unfreeze()
    yield
    gc.freeze()


@pytest.mark.usefixtures("thawed")
@pytest.mark.parametrize(("module", "name", "workers"), [(one_process, "OneProcess", "1"), (granian.server, "Server", "2")])
def test_what_is_there_before_the_server_begins_is_frozen_so_that_no_worker_copies_it(
    config: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str, workers: str
) -> None:
    seen: list[tuple[int, int]] = []

    class Server:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def serve(self, *, target_loader: Callable[[], object], wrap_loader: bool) -> None:
            assert target_loader() is target_loader(), "built before the fork as well"
            assert not wrap_loader
            seen.append((gc.get_freeze_count(), len(gc.get_objects())))

    monkeypatch.setattr(module, name, Server)
    assert run_command("serve", "--workers", workers, config=config).returncode == 0
    frozen, collected = seen[0]
    assert frozen > 20 * collected


def test_a_server_alone_that_is_told_to_stop_has_its_own_end_set_once() -> None:
    server = OneProcess("nothing:served")
    server.signal_handler_interrupt()
    assert server.interrupt_signal
    assert 0 < signal.alarm(1000) <= STOP_SECONDS
    server.signal_handler_interrupt()
    assert signal.alarm(0) > STOP_SECONDS, "whoever asks again and again would keep it alive"


def test_a_server_does_not_load_what_only_rare_acts_or_other_processes_need() -> None:
    rare = {
        "aiohttp": "pyHanko's way to fetch things, which nobody here uses",
        "alembic": "the schema is upgraded by `chaoxin db`",
        "huey": "the worker's queue",
        "ldap3": "nodes with a directory",
        "pyhanko": "strangers' documents are taken apart by processes of their own",
        "redis": "nodes that share counts or a queue",
        "typst": "pages of licences",
        "zxcvbn": "new passwords",
    }
    program = f"import sys, service.app, service.cli.serve, service.one_process; print(*{set(rare)}.intersection(sys.modules))"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
