"""Which tests run in one process, where several share the work: a file as a whole, and all that need the demo together.

So the demo is built once, and so is the node without peers; what is in their fixtures is said in ``tests/functional/conftest.py``. Functional
tests whose file makes nothing for them all go one by one, wherever a process is free.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[2]
SHARED = {"federation: Federation": "the demo", "node: LoneNode": "the node"}
"""By how the functional tests take it, as an argument."""


class Sharing(LoadFileScheduling):
    """Hands the processes files, and groups of files."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0]) or nodeid


@functools.cache
def group_of(file: str) -> str | None:
    """Return the name of what ``file`` shares with others, or its own; None where its tests share nothing."""
    if not file.startswith("tests/functional/"):
        return file
    text = (ROOT / file).read_text(encoding="utf-8")
    alone = file if 'scope="module"' in text else None
    return next((group for argument, group in SHARED.items() if argument in text), alone)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Sharing:
    """Say who hands the tests out."""
    return Sharing(config, log)
