"""``chaoxin worker`` that is killed (SIGKILL) while it issues a batch, after as many writes as ``CHAOXIN_TEST_DIES_AT`` says.

What it had claimed is free again at once, so that nobody waits for it.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from licenses.bulk import work
from licenses.ports import LicenseDeps
from service import jobs
from service.cli import main

VARIABLE = "CHAOXIN_TEST_DIES_AT"

_work_one = work.work_one
_left = {"writes": int(os.environ.get(VARIABLE, "0"))}
_at_work: list[str] = []


def work_one(deps: LicenseDeps, batch_id: str) -> bool:
    """Work off one chunk, dying over it."""
    _at_work.append(batch_id)
    try:
        return _work_one(deps, batch_id, claimed_for=timedelta(0))
    finally:
        _at_work.pop()


def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    """Kill this process when it has written enough."""
    if _at_work and statement.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}:
        _left["writes"] -= 1
        if _left["writes"] < 0:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    work.work_one = jobs.work_one = work_one  # type: ignore[assignment]
    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    main()
