"""Real databases for tests: a temporary PostgreSQL server a test process, an SQLite file or a PostgreSQL database a test.

What the tables are is left to the packages, how an engine is made to ``service.engine``.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from service.engine import make_engine
from tests.support.programs import need, need_postgresql

_START_SECONDS = 300.0
_SETTINGS = (
    "listen_addresses=",  # nothing but the socket in our own folder
    "max_connections=200",
    "shared_buffers=32MB",
    "jit=off",
    "autovacuum=off",
    "log_min_messages=fatal",
    "timezone=UTC",
)
_EMPTY = """
SELECT format(CASE WHEN relkind = 'S' THEN 'ALTER SEQUENCE %I RESTART'
              WHEN pg_relation_size(oid) > 262144 THEN 'TRUNCATE %I CASCADE' ELSE 'DELETE FROM %I' END, relname)
FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace
"""
_ALONE = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresServer:
    """A PostgreSQL cluster in a temporary folder, reached by a unix socket, that dies with the process that made it.

    ``durable`` keeps fsync on, for tests that kill it and look at what was promised.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._settings = _SETTINGS if durable else (*_SETTINGS, *_FAST)
        self._numbers = itertools.count(1)
        self._kept: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="chaoxin-pg-"))

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The server's process, above those of its connections."""
        assert self._process is not None
        return self._process.pid

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _as_owner(self, *command: str) -> list[str]:
        # initdb and postgres refuse to run as root; pdeathsig stops the server even when the test process is killed.
        who = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        return [need("setpriv", "util-linux"), *who, "--pdeathsig=INT", *command]

    def _initialise(self) -> None:
        initdb = need_postgresql("initdb")
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        subprocess.run(
            self._as_owner(
                initdb, "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
            ),
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [part for setting in self._settings for part in ("-c", setting)]
        command = [need_postgresql("postgres"), "-D", str(self._data), "-k", str(self.folder), *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._as_owner(*command), cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    text = (self.folder / "log").read_text(errors="replace")
                    pytest.fail(f"PostgreSQL did not start: {error}\n{text}", pytrace=False)
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT in order, SIGQUIT as if the power had failed. What it stored stays."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _conninfo(self, database: str) -> str:
        return f"host={self.folder} user=postgres dbname={database}"

    def _command(self, statement: str) -> None:
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of ``database``."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, name: str | None = None, *, like: str | None = None) -> str:
        """Make a database, empty or as the one at the address ``like``, which nobody is using, and return its address."""
        name = name or f"test_{next(self._numbers)}"
        template = "template1" if like is None else make_url(like).database
        self._command(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def emptied(self) -> str:
        """Return the address of the database that one test has after the other: with the tables of those before, and not one of their rows.

        To empty it costs a tenth of what it costs to make one and its tables.
        """
        if self._kept is None:
            self._kept = self.create()
        with psycopg.connect(self._conninfo(str(make_url(self._kept).database)), autocommit=True) as connection:
            connection.execute(_ALONE)
            statements = [statement for (statement,) in connection.execute(_EMPTY)]
            connection.execute(
                "; ".join(["SET session_replication_role = replica", *statements]).encode()
            )  # whatever refers to what
        return self._kept

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, yield its address, drop it with whoever is still connected to it."""
        url = self.create()
        try:
            yield url
        finally:
            self._command(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@functools.cache
def shared_server() -> PostgresServer:
    """Return the server of this test process, started when it is first wanted; both end together."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(PostgresServer())


@contextmanager
def engine_on(url: str) -> Iterator[sa.Engine]:
    """Yield an engine made exactly as a node makes its own, and close all its connections."""
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def first_step_on_sqlite(folder: Path, metadata: sa.MetaData, ask: Callable[[sa.Connection], object]) -> str:
    """Return what SQLite, without statistics as in a new node, looks at first for the last statement of ``ask``."""
    asked: list[tuple[str, Any]] = []
    with engine_on(f"sqlite:///{folder / 'new.sqlite'}") as engine, engine.connect() as connection:
        metadata.create_all(connection)
        sa.event.listen(engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
        ask(connection)
        statement, values = asked[-1]
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).scalars("detail")
        return next(str(step) for step in steps if step.startswith(("SEARCH", "SCAN")))


def create_all(engine: sa.Engine, *metadatas: sa.MetaData) -> None:
    """Create the tables of ``metadatas`` as they are declared (migrations are proven equal elsewhere), unless they are there."""
    with engine.begin() as connection:
        there = set(sa.inspect(connection).get_table_names())
        for metadata in metadatas:
            if there.isdisjoint(metadata.tables):
                for statement in _statements(metadata, engine.url.drivername):
                    connection.exec_driver_sql(statement)


@functools.cache
def _statements(metadata: sa.MetaData, driver: str) -> list[str]:
    """Return the statements that create the tables: to put them into words takes longer than to execute them."""
    found: list[str] = []
    words = sa.create_mock_engine(f"{driver}://", lambda each, *_, **__: found.append(str(each.compile(dialect=words.dialect))))
    metadata.create_all(words, checkfirst=False)
    return found
