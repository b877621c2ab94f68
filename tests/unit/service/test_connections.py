"""Connections kept between transactions: used again, replaced when lost, bounded, and as careful as each kind of transaction must be."""

from __future__ import annotations

import select
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from kernel.work import Conflict
from pki.storage.prepared import Prepared
from service import checkpoints
from service.connections import Connections, Kind, connections_of
from service.engine import most_connections
from service.unit_of_work import SqlUnitOfWork
from tests.support.databases import create_all

metadata = sa.MetaData()
things = sa.Table("things", metadata, sa.Column("name", sa.String(20), primary_key=True))
REMOVE = Prepared(things.delete())
parts = sa.Table(
    "parts",
    metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("of", sa.String(20), sa.ForeignKey(things.c.name, deferrable=True, initially="DEFERRED")),
)
ADD = Prepared(lambda insert: insert(things))
ADD_PART = Prepared(lambda insert: insert(parts))
FIND = Prepared(sa.select(things).where(things.c.name == sa.bindparam("name")))


@pytest.fixture
def work(engine: sa.Engine) -> SqlUnitOfWork[sa.Connection]:
    create_all(engine, metadata)
    return SqlUnitOfWork(engine, lambda connection: connection)


def add(work: SqlUnitOfWork[sa.Connection], name: str) -> None:
    with work.begin() as opened:
        opened.records.execute(things.insert(), {"name": name})


def names(work: SqlUnitOfWork[sa.Connection]) -> list[str]:
    with work.read() as opened:
        return list(opened.records.scalars(sa.select(things.c.name).order_by(things.c.name)))


def driver_of(work: SqlUnitOfWork[sa.Connection]) -> Any:
    with work.begin() as opened:
        return opened.records.connection.dbapi_connection


def asked(connections: Connections, kind: Kind, question: str) -> Any:
    kept = connections.begin(kind)
    try:
        return kept.connection.exec_driver_sql(question).scalar()
    finally:
        kept.roll_back()
        connections.put_back(kind, kept)


def test_records_that_cannot_be_made_end_the_transaction(work: SqlUnitOfWork[sa.Connection], engine: sa.Engine) -> None:
    class LockedError(Exception):
        pass

    def locked(_: sa.Connection) -> sa.Connection:
        raise LockedError

    add(work, "before")
    opened = connections_of(engine).open
    for _ in range(most_connections(engine)):
        with pytest.raises(LockedError), SqlUnitOfWork(engine, locked).begin():
            pytest.fail("it is not entered")
    assert connections_of(engine).open == opened
    add(work, "after")
    assert names(work) == ["after", "before"]


def test_a_connection_is_used_again_and_every_transaction_is_its_own(work: SqlUnitOfWork[sa.Connection]) -> None:
    add(work, "first")
    driver = driver_of(work)

    def add_and_fail() -> None:
        with work.begin() as opened:
            opened.records.execute(things.insert(), {"name": "never"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    add(work, "second")
    assert driver_of(work) is driver
    assert names(work) == ["first", "second"]


def test_sqlites_log_is_copied_into_the_database_before_it_is_full_and_by_no_transaction(
    work: SqlUnitOfWork[sa.Connection], engine: sa.Engine, tmp_path: Path
) -> None:
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL has a process for this
    copied = tmp_path / "without its log.sqlite"

    def written() -> list[str]:
        engine.dispose()  # waits for whoever copies
        copied.write_bytes(Path(engine.url.database or "").read_bytes())
        with closing(sqlite3.connect(copied)) as alone:
            return [name for (name,) in alone.execute("SELECT name FROM things ORDER BY name")]

    with closing(sqlite3.connect(engine.url.database or "")) as other:  # the last one that is closed would copy all of it
        other.execute("SELECT * FROM things").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            written()
        for number in range(checkpoints.TRANSACTIONS):
            add(work, f"{number:03}")
        assert written() == [f"{number:03}" for number in range(checkpoints.TRANSACTIONS)]


def test_a_transaction_is_committed_and_the_engine_can_be_closed_where_no_thread_can_be_begun(
    work: SqlUnitOfWork[sa.Connection], engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        for number in range(checkpoints.TRANSACTIONS + 1):
            add(work, f"{number:03}")
    engine.dispose()
    assert len(names(work)) == checkpoints.TRANSACTIONS + 1


def test_a_statement_that_fails_undoes_its_transaction_and_leaves_the_connection_usable(
    work: SqlUnitOfWork[sa.Connection],
) -> None:
    add(work, "first")
    driver = driver_of(work)

    def add_two() -> None:
        with work.begin() as opened:
            for name in ("second", "first"):
                opened.records.execute(things.insert(), {"name": name})

    with pytest.raises(sa.exc.IntegrityError):
        add_two()
    assert driver_of(work) is driver
    assert names(work) == ["first"]


@pytest.mark.parametrize("waits", [False, True])
def test_what_cannot_be_committed_is_undone_and_told_and_leaves_the_connection_usable(
    work: SqlUnitOfWork[sa.Connection], waits: bool
) -> None:
    driver = driver_of(work)

    def add_part_of_nothing() -> None:
        with work.begin() as opened:
            ADD.put_off(opened.records, {"name": "first"})
            if waits:
                assert FIND.first(opened.records, {"name": "first"})
            ADD_PART.put_off(opened.records, {"name": "second", "of": "nothing"})

    with pytest.raises(Conflict):
        add_part_of_nothing()
    assert names(work) == []
    assert driver_of(work) is driver


def test_a_commit_that_the_database_turns_into_a_rollback_is_an_error(
    work: SqlUnitOfWork[sa.Connection], engine: sa.Engine
) -> None:
    if engine.dialect.name == "sqlite":
        return  # where a failed statement does not spoil its transaction

    def swallow() -> None:
        with work.begin() as opened:
            opened.records.execute(things.insert(), {"name": "lost"})
            with pytest.raises(sa.exc.ProgrammingError):
                opened.records.exec_driver_sql("SELECT nothing FROM nowhere")

    with pytest.raises(engine.dialect.loaded_dbapi.OperationalError):
        swallow()
    assert names(work) == []


@pytest.mark.parametrize("kind", ["begin", "note", "read", "look"])
def test_a_connection_that_was_lost_meanwhile_is_replaced(
    work: SqlUnitOfWork[sa.Connection], engine: sa.Engine, kind: str
) -> None:
    with getattr(work, kind)() as opened:
        lost: Any = opened.records.connection.dbapi_connection
    if engine.dialect.name == "sqlite":
        if kind == "look":
            return  # nobody is asked before the look itself
        lost.close()
    else:
        with engine.begin() as other:
            other.execute(sa.select(sa.func.pg_terminate_backend(lost.info.backend_pid)))
        assert select.select([lost.fileno()], [], [], 30)[0]  # the server's last word has come
    with getattr(work, kind)() as opened:
        assert opened.records.scalar(sa.select(1)) == 1
        assert opened.records.connection.dbapi_connection is not lost


def test_a_look_sees_what_is_committed_at_each_moment_and_changes_nothing(
    work: SqlUnitOfWork[sa.Connection],
) -> None:
    with work.look() as opened:
        for known in ([], ["first"]):
            assert opened.records.scalars(sa.select(things.c.name).order_by(things.c.name)).all() == known
            add(work, "second" if known else "first")

    def change() -> None:
        with work.look() as opened:
            opened.records.execute(things.delete())

    with pytest.raises((sa.exc.InvalidRequestError, sa.exc.InternalError)):
        change()
    with pytest.raises((sa.exc.InvalidRequestError, psycopg.Error)), work.look() as opened:
        REMOVE.change(opened.records, {})
    assert names(work) == ["first", "second"]


def test_what_is_expected_is_found_as_it_was_then_and_is_forgotten_with_the_transaction(
    work: SqlUnitOfWork[sa.Connection], engine: sa.Engine
) -> None:
    known = {"name": "first"}
    with work.begin() as opened:
        for name in ("first", "second"):
            FIND.expect(opened.records, {"name": name})
        ADD.put_off(opened.records, known)
        # Sent before the insert where the database is far away, carried out now where it is not.
        far = engine.dialect.name != "sqlite"
        assert FIND.first(opened.records, known) == (None if far else known)
        assert FIND.first(opened.records, known) == known, "asked for once more, it is carried out"
        assert FIND.first(opened.records, {"name": "second"}) is None
    with work.begin() as opened:
        FIND.expect(opened.records, known)

    def expect_and_fail() -> None:
        with work.begin() as opened:
            ADD.expect(opened.records, {"name": "never"})
            FIND.first(opened.records, known)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        expect_and_fail()
    assert names(work) == ["first"]


def test_what_is_asked_for_is_there_when_the_transaction_has_ended(work: SqlUnitOfWork[sa.Connection]) -> None:
    first, second = {"name": "first"}, {"name": "second"}
    with work.begin() as opened:
        ADD.put_off(opened.records, first)
        found, missing = (FIND.ask(opened.records, one) for one in (first, second))
        ADD.put_off(opened.records, second)
    with work.begin() as opened:  # on the same connection
        assert FIND.first(opened.records, second) == second
    assert (found(), missing()) == (first, None)


def test_more_threads_than_connections_wait_for_each_other(work: SqlUnitOfWork[sa.Connection], engine: sa.Engine) -> None:
    seen: set[int] = set()
    lock = threading.Lock()

    def act(number: int) -> None:
        for opened in (work.read(), work.note(), work.begin()):
            with opened as inside:
                with lock:
                    seen.add(id(inside.records.connection.dbapi_connection))
                if number % 3 == 0:
                    inside.records.execute(sa.select(things.c.name)).all()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(act, range(150)))
    connections = connections_of(engine)
    assert connections.open <= most_connections(engine)
    add(work, "afterwards")
    assert names(work) == ["afterwards"]


def test_only_what_nobody_was_promised_is_not_waited_for(engine: sa.Engine) -> None:
    connections = connections_of(engine)
    question = "PRAGMA synchronous" if engine.dialect.name == "sqlite" else "SHOW synchronous_commit"
    found = {kind: asked(connections, kind, question) for kind in ("write", "note", "write")}
    careful, relaxed = (2, 1) if engine.dialect.name == "sqlite" else ("on", "off")
    with engine.connect() as plain:  # what the cluster of these tests was started with counts for no kind but by itself
        careful = plain.exec_driver_sql(question).scalar()
    assert found == {"write": careful, "note": relaxed}


def test_one_consistent_snapshot_is_read(work: SqlUnitOfWork[sa.Connection]) -> None:
    with work.read() as opened:
        before = opened.records.scalars(sa.select(things.c.name)).all()
        add(work, "meanwhile")
        assert opened.records.scalars(sa.select(things.c.name)).all() == before == []
    assert names(work) == ["meanwhile"]


def test_disposing_of_the_engine_closes_what_is_kept_each_time(engine: sa.Engine) -> None:
    create_all(engine, metadata)
    work = SqlUnitOfWork(engine, lambda connection: connection)
    for _ in range(2):
        driver = driver_of(work)
        engine.dispose()
        with pytest.raises(engine.dialect.loaded_dbapi.Error):
            driver.execute("SELECT 1")
        assert connections_of(engine).open == 0
