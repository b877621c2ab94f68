"""Events on their way into the trail: each is there once, in its order, whoever took it and whoever died before."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from kernel.audit import AuditEvent
from service import audit, audit_lines, audit_spool, jobs
from service.audit_spool import AuditSpool
from service.config import load_config
from service.wiring import Services
from tests.support.databases import create_all

MOMENT = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
_DYING = """
import os, signal, sys
from pathlib import Path
import tests.unit.service.test_audit_spool as spooling
spool = spooling.AuditSpool(Path(sys.argv[1]), None)
spool._wake = lambda seconds: None
for number in range(int(sys.argv[2])):
    assert spool.append(spooling.an_event(number))
os.kill(os.getpid(), signal.SIGKILL)
"""


def an_event(number: int) -> AuditEvent:
    return AuditEvent(MOMENT + timedelta(seconds=number), "client:系统", "test.act", f"thing:{number}", details={"n": number})


def trail(engine: sa.Engine) -> Sequence[AuditEvent]:
    with engine.connect() as connection:
        return [stored.event for stored in audit.SqlAuditTrail(connection).page(limit=10_000)][::-1]


def left(folder: Path, engine: sa.Engine) -> int:
    """Return how many files there are, and that many rows of files."""
    with engine.connect() as connection:
        rows = connection.scalar(sa.select(sa.func.count()).select_from(audit_spool.spools))
    files = len(list(folder.glob("*")))
    assert rows == files
    return files


def dead(folder: Path, count: int) -> None:
    """Let a process append so many events and be killed before any is taken."""
    command = [sys.executable, "-c", _DYING, str(folder), str(count)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


def abandoned(folder: Path, count: int, first: int = 0) -> None:
    """Leave what a process leaves that dies so: as many events in a file that nobody has locked any more."""
    spool: Any = AuditSpool(folder, None)  # type: ignore[arg-type]  # of which nothing is asked
    spool._wake = lambda _: None
    for number in range(first, first + count):
        assert spool.append(an_event(number))
    os.close(spool._file.descriptor)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(engine: sa.Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AuditSpool:
    """A spool that takes when it is told to."""
    create_all(engine, audit.metadata)
    made = AuditSpool(folder, engine)
    monkeypatch.setattr(made, "_wake", lambda _: None)
    return made


def test_events_are_in_the_trail_once_and_in_their_order(spool: AuditSpool, engine: sa.Engine, folder: Path) -> None:
    for number in range(5):
        assert spool.append(an_event(number))
    assert trail(engine) == []
    spool.take()
    spool.take()
    assert trail(engine) == [an_event(number) for number in range(5)]
    assert spool.append(an_event(5))
    spool.close()
    assert trail(engine) == [an_event(number) for number in range(6)]
    assert left(folder, engine) == 0


def test_a_moment_after_an_event_it_is_in_the_trail(engine: sa.Engine, folder: Path) -> None:
    create_all(engine, audit.metadata)
    spool = AuditSpool(folder, engine)
    woken = []
    wake, take, done = spool._wake, spool._take_what_came, threading.Event()

    def take_and_tell() -> None:
        take()
        done.set()

    spool._take_what_came = take_and_tell  # type: ignore[method-assign]

    def keep(seconds: float) -> None:
        woken.append(seconds)
        wake(0)

    spool._wake = keep  # type: ignore[method-assign]
    assert spool.append(an_event(0))
    assert done.wait(60)
    assert trail(engine) == [an_event(0)]
    assert woken == [audit_spool._EVERY]
    spool.close()


def test_what_many_threads_append_is_whole(spool: AuditSpool, engine: sa.Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(spool.append, map(an_event, range(400))))
    spool.close()
    assert sorted(trail(engine), key=lambda event: event.at) == [an_event(number) for number in range(400)]


def test_a_file_that_has_grown_is_left_for_a_new_one(
    spool: AuditSpool, engine: sa.Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_spool, "_FULL", 1)
    monkeypatch.setattr(audit_spool, "_PORTION", 300)
    for number in range(9):
        assert spool.append(an_event(number))
        if number % 4 == 3:
            (before,) = folder.glob("*")
            spool.take()
            assert not before.exists()
    spool.close()
    assert trail(engine) == [an_event(number) for number in range(9)]
    assert left(folder, engine) == 0


def test_what_a_killed_process_left_is_taken_by_another_once(spool: AuditSpool, engine: sa.Engine, folder: Path) -> None:
    dead(folder, 3)
    (file,) = folder.glob("*")
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert spool.append(an_event(3))
    assert spool.take_over() == 1, "not the file of a process that lives"
    assert spool.take_over() == 0
    spool.close()
    assert trail(engine) == [an_event(number) for number in range(4)]
    assert left(folder, engine) == 0


def test_a_server_takes_what_the_one_before_left_and_a_file_that_cannot_be_taken_is_no_matter(
    spool: AuditSpool, engine: sa.Engine, folder: Path
) -> None:
    abandoned(folder, 2)
    folder.joinpath("-.jsonl").mkdir()
    assert spool.append(an_event(2))
    spool._take_what_came()
    assert sorted(trail(engine), key=lambda event: event.at) == [an_event(number) for number in range(3)]
    abandoned(folder, 1)
    assert spool.append(an_event(3)), "and it looks no second time"
    spool._take_what_came()
    assert len(trail(engine)) == 4
    spool.close()


def test_once_closed_it_asks_the_database_nothing_more(spool: AuditSpool, engine: sa.Engine, folder: Path) -> None:
    assert spool.append(an_event(0))
    spool.close()
    abandoned(folder, 1)
    spool._take_what_came()
    assert trail(engine) == [an_event(0)]


@pytest.mark.usefixtures("spool")
def test_those_that_find_the_same_files_take_each_once(engine: sa.Engine, folder: Path) -> None:
    for _ in range(5):
        abandoned(folder, 2)
    others = [AuditSpool(folder, engine) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(AuditSpool.take_over, others)) == 5
    assert len(trail(engine)) == 10
    assert left(folder, engine) == 0


@pytest.mark.parametrize("when", ["not yet removed", "row gone"])
def test_a_crash_between_taking_and_removing_takes_nothing_twice(
    spool: AuditSpool, engine: sa.Engine, folder: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandoned(folder, 2)

    def crash(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        if when == "not yet removed":
            patch.setattr(Path, "unlink", crash)
        else:
            patch.setattr(audit_spool._Taken, "forget", crash)
        with pytest.raises(SystemExit):
            spool.take_over()
    spool.take_over()
    assert trail(engine) == [an_event(0), an_event(1)]


def test_whatever_a_power_cut_left_of_a_file_its_whole_lines_are_taken(
    spool: AuditSpool, engine: sa.Engine, folder: Path
) -> None:
    abandoned(folder, 3)
    (file,) = folder.glob("*")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + b"\0" * 40 + b"\n" + b'"\xff\n[]\n' + lines[2] + lines[1][:-9])
    spool.take_over()
    assert trail(engine) == [an_event(0), an_event(2)]
    assert left(folder, engine) == 0


def test_while_the_database_is_away_nothing_is_lost(spool: AuditSpool, engine: sa.Engine, folder: Path) -> None:
    assert spool.append(an_event(0))
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE service_audit_events RENAME TO away"))
    woken: list[float] = []
    spool._wake = woken.append  # type: ignore[method-assign, assignment]
    spool._take_what_came()
    assert woken == [audit_spool._AGAIN]
    assert not spool.append(an_event(9)), "nor is more taken in"
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE away RENAME TO service_audit_events"))
    spool._take_what_came()
    assert spool.append(an_event(1))
    spool.close()
    assert trail(engine) == [an_event(0), an_event(1)]
    assert left(folder, engine) == 0


def test_what_cannot_be_kept_is_said_to_be_so(
    spool: AuditSpool, engine: sa.Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not spool.append(AuditEvent(MOMENT, "client:\0", "test.act", "thing:0")), "PostgreSQL takes no such character"
    folder.parent.joinpath("spool").touch()
    assert not spool.append(an_event(0)), "no folder"
    folder.unlink()
    assert spool.append(an_event(1))
    write = os.write

    def half(descriptor: int, data: Any) -> int:
        return write(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        assert not spool.append(an_event(2)), "a full disk"
    assert spool.append(an_event(3))
    spool.close()
    assert trail(engine) == [an_event(1), an_event(3)]


@pytest.mark.parametrize("took", [0, 1])
def test_an_answer_to_a_commit_that_was_lost_takes_nothing_twice_and_stops_nothing(
    spool: AuditSpool, engine: sa.Engine, folder: Path, monkeypatch: pytest.MonkeyPatch, took: int
) -> None:
    for number in range(took):
        assert spool.append(an_event(number))
        spool.take()
    note = spool._work.note

    @contextmanager
    def unheard() -> Iterator[Any]:
        with note() as work:
            yield work
        raise ConnectionError

    assert spool.append(an_event(took))
    with monkeypatch.context() as patch:
        patch.setattr(spool._work, "note", unheard)
        spool._take_what_came()
    spool._take_what_came()
    assert spool.append(an_event(took + 1))
    spool._take_what_came()
    assert trail(engine) == [an_event(number) for number in range(took + 2)]
    spool.close()
    assert trail(engine) == [an_event(number) for number in range(took + 2)]
    assert left(folder, engine) == 0


@pytest.mark.parametrize("kept", [0, 1])
def test_what_a_database_had_noted_when_it_died_is_taken_again(
    spool: AuditSpool, engine: sa.Engine, folder: Path, kept: int
) -> None:
    states = []
    for number in range(3):
        assert spool.append(an_event(number))
        states.append(next(folder.iterdir()).stat().st_size)
        spool.take()
    with engine.begin() as connection:  # the last ones of its notes are gone
        connection.execute(sa.delete(audit.events).where(audit.events.c.number > kept))
        if kept:
            connection.execute(audit_spool.spools.update().values(taken=states[kept - 1]))
        else:
            connection.execute(audit_spool.spools.delete())
    assert spool.append(an_event(3))
    for _ in range(2):
        spool._take_what_came()
    assert trail(engine) == [an_event(number) for number in range(4)]
    spool.close()
    assert left(folder, engine) == 0


def test_where_nothing_can_be_locked_nothing_is_kept_nor_left_open(
    spool: AuditSpool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    openat = os.open

    def opening(*given: Any) -> int:
        opened.append(openat(*given))
        return opened[-1]

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(os, "open", opening)
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", no_locks)
        for number in range(3):
            assert not spool.append(an_event(number))
    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    assert len(opened) == 3
    assert list(folder.iterdir()) == []


def test_a_database_that_is_away_holds_up_nobody_who_ends(spool: AuditSpool, engine: sa.Engine, folder: Path) -> None:
    assert spool.append(an_event(0))
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE service_audit_events RENAME TO away"))
    spool.close()
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE away RENAME TO service_audit_events"))
    assert spool.take_over() == 1
    assert trail(engine) == [an_event(0)]
    assert left(folder, engine) == 0


def test_without_a_thread_to_try_again_the_next_event_does(
    engine: sa.Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_all(engine, audit.metadata)
    spool = AuditSpool(folder, engine)

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        assert spool.append(an_event(0))
        with engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE service_audit_events RENAME TO away"))
        spool._take_what_came()
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE away RENAME TO service_audit_events"))
    woken: list[float] = []
    spool._wake = woken.append  # type: ignore[method-assign, assignment]
    assert spool.append(an_event(1))
    assert woken == [audit_spool._EVERY]
    spool.close()
    assert trail(engine) == [an_event(0), an_event(1)]


def test_while_one_takes_and_is_slow_one_more_waits_and_no_third(spool: AuditSpool, engine: sa.Engine) -> None:
    woken: list[float] = []
    spool._wake = woken.append  # type: ignore[method-assign, assignment]
    assert spool.append(an_event(0))
    with spool._taking:
        second = threading.Thread(target=spool._take_what_came)
        second.start()
        for number in range(1, 4):
            assert spool.append(an_event(number))
        assert len(woken) == 1
    second.join()
    assert spool.append(an_event(4))
    assert len(woken) == 2, "and never is none awaited where there is something to take"
    spool.close()
    assert trail(engine) == [an_event(number) for number in range(5)]


def test_a_file_that_cannot_be_taken_keeps_no_other_back(spool: AuditSpool, engine: sa.Engine, folder: Path) -> None:
    abandoned(folder, 2)
    folder.joinpath("-.jsonl").mkdir()
    with pytest.raises(IsADirectoryError):
        spool.take_over()
    assert trail(engine) == [an_event(0), an_event(1)]


def test_the_worker_chains_in_one_run_what_it_takes_whatever_cannot_be_taken(config: Path) -> None:
    with Services(load_config(config)) as services:
        jobs.seal_audit(services)
        folder = services.config.spool_directory
        abandoned(folder, 1, first=-(10**9))
        jobs.seal_audit(services)
        abandoned(folder, 1, first=-(10**9))
        broken = folder / "-.jsonl"
        broken.mkdir()
        with pytest.raises(IsADirectoryError):
            jobs.seal_audit(services)
        broken.rmdir()
        with services.engine.connect() as connection:
            told = audit.SqlAuditTrail(connection).page(contains="client:系统")
    assert [event.sealed for event in told] == [True, True]


def test_a_folder_in_which_nobody_can_look_is_no_empty_one(spool: AuditSpool, folder: Path) -> None:
    assert spool.take_over() == 0
    folder.touch()
    with pytest.raises(NotADirectoryError):
        spool.take_over()


def test_lines_that_no_database_would_take_and_holes_hold_up_no_other_line(
    spool: AuditSpool, engine: sa.Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandoned(folder, 2)
    (file,) = folder.glob("*")
    lines = file.read_bytes().splitlines(keepends=True)
    said = json.loads(lines[0])
    others = [
        said | {"at": "now"},
        said | {"at": 1 << 63},
        said | {"at": float("nan")},
        said | {"actor": None},
        said | {"target": "\ud800"},
        said | {"more": 1},
        {name: value for name, value in said.items() if name != "outcome"},
    ]
    broken = [json.dumps(other).encode() for other in others]
    broken += [json.dumps(said | {"actor": "系统"}, ensure_ascii=False).encode(), b"\xff"]
    file.write_bytes(lines[0] + b"\n".join(broken) + b"\n" + bytes(2000) + b"\n" + lines[1])
    monkeypatch.setattr(audit_spool, "_PORTION", 500)
    assert spool.take_over() == 1
    assert trail(engine) == [an_event(0), an_event(1)]
    assert left(folder, engine) == 0


@example(b"[" * 200_000)
@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_no_line_is_whole_by_chance_and_none_is_too_strange_to_tell(line: bytes) -> None:
    assert not audit_lines.is_whole(line)


def test_characters_beyond_the_first_plane_are_in_the_trail_as_they_are(spool: AuditSpool, engine: sa.Engine) -> None:
    event = AuditEvent(MOMENT, 'client:𠮷\\"\u2028', "test.act", "thing:𰻝", details={"n": "𠮷"})
    assert spool.append(event)
    spool.close()
    assert trail(engine) == [event]
