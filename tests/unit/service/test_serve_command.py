"""``chaoxin serve`` up to the moment at which its server forks: what workers share by then."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import granian.server
import pytest

from tests.support.commands import run_command


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("thawed")
def test_what_is_there_before_the_fork_is_frozen_so_that_no_worker_copies_it(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []

    class Server:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def serve(self, *, target_loader: Callable[[], object], wrap_loader: bool) -> None:
            assert target_loader() is target_loader(), "built before the fork as well"
            assert not wrap_loader
            seen.append((gc.get_freeze_count(), len(gc.get_objects())))

    monkeypatch.setattr(granian.server, "Server", Server)
    assert run_command("serve", config=config).returncode == 0
    frozen, collected = seen[0]
    assert frozen > 20 * collected
