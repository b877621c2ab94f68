"""An issuer that is killed at every step: ``python -m tests.support.mortal_issuer URL FOLDER KILLS``.

It starts one child after another, each of which begins as a node does at start-up, asks again for what its predecessor was killed over, then
for something new, and is killed (SIGKILL, from within, so that nothing of it is tidied) at one of the steps that last: a write, the
beginning or the end of a commit, a key file put in place. Which step is killed in which task follows from the number of the child alone.

What was answered before a child died is printed, a line of JSON for each answer: that is what must be there for ever.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import sqlalchemy as sa

from kernel.clock import SystemClock
from licenses import archive, fonts, issue, recover, render, seals  # noqa: F401 - loaded once, before the children
from licenses.applications import COLUMNS, check_application
from licenses.bulk import intake, outcomes, work
from licenses.life import acts
from licenses.life.orders import Order, operator
from licenses.ports import LicenseDeps
from service.connections import Kept
from tests.support.databases import engine_on
from tests.support.issuing import GOOD_ROW, csv_of, demo_rows, make_license_deps, rules_of

OFFICER = operator("operator:陈")
_COMMIT = Kept.commit


@dataclass
class Fuse:
    """Burns down by one at each step that lasts, once it is lit; at its end the process is gone."""

    left: int | None = None
    burnt: int = 0

    def burn(self) -> None:
        if self.left is None:
            return
        self.burnt += 1
        if self.burnt > self.left:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Task:
    """Something that is asked for, in its own name ``serial``: the same again, however often, is the same request."""

    kind: str
    serial: int

    @property
    def number(self) -> str:
        return f"KL{self.serial:010d}"


def rows_of(task: Task) -> list[Mapping[str, str]]:
    """Return the rows of the applications that a task asks for."""
    if task.kind == "unnumbered":
        return [{**GOOD_ROW, "number": "", "holder_name": f"饶平县第{task.serial}食品厂"}]
    if task.kind == "sealed":  # the first licence of a department, whose seal is made with it
        return [SEALS[task.serial % len(SEALS)]]
    if task.kind in {"several", "batch"}:
        return [{**GOOD_ROW, "number": f"{task.number}{place}"} for place in range(3)]
    return [{**GOOD_ROW, "number": task.number}]


def _seals() -> list[Mapping[str, str]]:
    good = [row for row in demo_rows() if row["expect"] == "ok" and row["area_code"].startswith("4451")]
    first = {row["issuer_id"]: row for row in reversed(good) if row["issuer_id"] != GOOD_ROW["issuer_id"]}
    return [{column: row[column] for column in COLUMNS.required} for row in first.values()]


SEALS = _seals()
ORDERS: Mapping[str, tuple[str, dict[str, str]]] = {
    "renew": ("validity", {"valid_to": "2035-01-01"}),
    "annotate": ("use", {"purpose": "申请贷款", "receiver": "饶平农商银行", "until": "2035-01-01"}),
    "suspend": ("safety", {}),
}
KINDS = ("one", "sealed", "unnumbered", "several", "batch", *ORDERS, "restart")


def prepare(deps: LicenseDeps, task: Task) -> None:
    """Do what a task presupposes, before the fuse is lit: the licence to which an act is done, an intent that a crash left."""
    if task.kind in ORDERS:
        _issue(deps, task)
    if task.kind == "restart":
        with deps.work.begin() as writing:
            for row in rows_of(task):
                issue.reserve(deps, writing.records, check_application(row, rules_of(deps)))


def do(deps: LicenseDeps, task: Task) -> list[tuple[str, str]]:
    """Do a task and return what was answered: identifiers and digests of documents."""
    if task.kind in ORDERS:
        return _act(deps, task)
    if task.kind == "batch":
        batch = intake.take_in(deps, csv_of(*rows_of(task)), "kills.csv", OFFICER)
        while work.work_one(deps, batch.id, claimed_for=timedelta(0)):
            pass
        told = list(outcomes.rows_of(deps, batch))
        return [_known(deps, row["identifier"]) for row in told]
    if task.kind == "restart":
        recover.finish_or_void(deps)
    return _issue(deps, task)


def _issue(deps: LicenseDeps, task: Task) -> list[tuple[str, str]]:
    applications = [check_application(row, rules_of(deps)) for row in rows_of(task)]
    answers = issue.issue_many(deps, applications, actor=OFFICER.actor)
    return [_known(deps, answer.record.identifier) for answer in answers if isinstance(answer, issue.Issued)]


def _act(deps: LicenseDeps, task: Task) -> list[tuple[str, str]]:
    reason, columns = ORDERS[task.kind]
    licence = issue.issue_many(deps, [check_application(rows_of(task)[0], rules_of(deps))], actor=OFFICER.actor)[0]
    if not isinstance(licence, issue.Issued):
        raise TypeError(licence)
    asked: Any = task.kind
    act = acts.ask(deps, Order(asked, licence.record.identifier, reason, columns=columns, key=f"key-{task.serial}"), OFFICER)
    if act.state != "done":
        raise ValueError(act)
    if task.kind == "annotate":
        return [(licence.record.identifier, act.result or "")]
    return [_known(deps, act.result or licence.record.identifier)]


def _known(deps: LicenseDeps, identifier: str) -> tuple[str, str]:
    with deps.work.read() as reading:
        record = reading.records.find_license(identifier)
    if record is None:
        raise LookupError(identifier)
    return identifier, record.pdf_sha256 or ""


def child(url: str, folder: Path, unfinished: Task | None, task: Task, steps: int) -> NoReturn:
    """Live: start, ask again for what is unfinished, then for ``task``, with the fuse lit for so many steps."""
    fuse = Fuse()

    def commit(kept: Kept) -> None:
        if kept._kind != "write":
            _COMMIT(kept)
            return
        fuse.burn()
        _COMMIT(kept)
        fuse.burn()

    Kept.commit = commit  # type: ignore[method-assign]
    with engine_on(url) as engine:
        sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: _is_write(statement) and fuse.burn())
        deps = make_license_deps(engine, folder, SystemClock())
        sys.addaudithook(lambda event, _: fuse.burn() if event in {"os.rename", "os.link"} else None)
        recover.finish_or_void(deps)
        if unfinished is not None:
            _tell(unfinished, do(deps, unfinished))
        prepare(deps, task)
        fuse.left = steps
        done = do(deps, task)
        fuse.left = None
        _tell(task, done)
    os._exit(0)


def _is_write(statement: str) -> bool:
    return statement.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}


def _tell(task: Task, answers: list[tuple[str, str]]) -> None:
    line = json.dumps({"kind": task.kind, "serial": task.serial, "answers": answers}) + "\n"
    os.write(1, line.encode())


def run(url: str, folder: Path, kills: int) -> None:
    """Have ``kills`` children killed, each kind of task at each of its steps in turn, and one that ends in peace.

    ``walked`` are the kinds of which every step was killed at.
    """
    fonts.printable()  # read once as well; the compiler of pages is not, for it has threads, which do not outlive a fork
    killed = serial = 0
    step = dict.fromkeys(KINDS, 0)
    walked: set[str] = set()
    unfinished: Task | None = None
    while killed < kills or unfinished is not None:
        serial += 1
        kind = KINDS[serial % len(KINDS)]
        # Once the kills are through, the last one's task is finished by a child that nothing kills.
        steps = step[kind] if killed < kills else sys.maxsize
        task = Task(kind, serial)
        pid = os.fork()
        if pid == 0:
            _live(lambda unfinished=unfinished, task=task, steps=steps: child(url, folder, unfinished, task, steps))
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            killed, unfinished = killed + 1, task
            step[kind] += 1
        elif status == 0:
            walked |= {kind} if step[kind] and killed < kills else set()
            unfinished, step[kind] = None, 0
        else:
            sys.exit(f"{task} ended with status {status}")
    sys.stdout.write(json.dumps({"killed": killed, "walked": sorted(walked)}) + "\n")


def _live(do_it: Callable[[], None]) -> None:
    try:
        do_it()
    except BaseException as error:  # noqa: BLE001 - the child must not go on as its parent
        sys.stderr.write(f"{error!r}\n")
        os._exit(3)


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
