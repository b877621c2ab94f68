"""Audit events that go with no change, and that nobody waits for: at the end of a file of this process first, in the trail a moment later.

A row costs a token that a system gets for itself more than its signature. A line in a file outlives the process as a row that is not waited
for does (``docs/adr/0018``), and what came within a fiftieth of a second is taken into the trail by one statement.

1. An event is a line at the end of the file, on which this process holds a lock.
2. The first line wakes a thread; it takes what has come since. How far a file was taken commits with the rows: each event is taken once, whoever does it.
3. A file that has grown is left for a new one.
4. What dead processes left is taken by whoever finds their files unlocked: a process of the next server, when it has taken its own first events, and the worker.

Left to others: which events may go this way (``idp.tokens.recurring``), their lines (``audit_lines``), sealing them (``audit``).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

import sqlalchemy as sa
import structlog

from kernel.audit import AuditEvent
from kernel.randomness import token
from service.audit import metadata
from service.audit_lines import is_whole, line_of
from service.unit_of_work import SqlUnitOfWork

_EVERY = 0.02
_AGAIN = 1.0
_FULL = 1 << 24
_PORTION = 1 << 20
_SUFFIX = ".jsonl"

spools = sa.Table(
    "service_audit_spools",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True, info={"sensitivity": "internal"}),
    sa.Column("taken", sa.BigInteger, nullable=False, info={"sensitivity": "internal"}),
)
# Read by the database itself: to read each line here would cost as much as to have written it.
_TAKE = {
    "sqlite": "INSERT INTO service_audit_events (at, actor, action, target, outcome, details)"
    " SELECT value ->> 'at', value ->> 'actor', value ->> 'action', value ->> 'target', value ->> 'outcome', value ->> 'details'"
    " FROM json_each(:lines)",
    "postgresql": "INSERT INTO service_audit_events (at, actor, action, target, outcome, details)"
    " SELECT at, actor, action, target, outcome, details FROM json_to_recordset(CAST(:lines AS json))"
    " AS told(at bigint, actor text, action text, target text, outcome text, details text)",
}

_log = structlog.get_logger()


class _Taken:
    """How far each file was taken, and the trail, in one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, name: str) -> int:
        """Return how many octets of a file are in the trail."""
        found: int | None = self._connection.scalar(sa.select(spools.c.taken).where(spools.c.name == name))
        return found or 0

    def take(self, name: str, begun: int, end: int, lines: Sequence[bytes]) -> bool:
        """Take lines into the trail, up to ``end`` of their file; False, and nothing is to be committed, if not all before ``begun`` is all that was."""
        if begun:
            moved = spools.update().where(spools.c.name == name, spools.c.taken == begun).values(taken=end)
            if self._connection.execute(moved).rowcount != 1:
                return False
        else:
            self._connection.execute(spools.insert().values(name=name, taken=end))  # the second to come finds the name taken
        told = f"[{b','.join(lines).decode('ascii')}]"
        self._connection.execute(sa.text(_TAKE[self._connection.dialect.name]), {"lines": told})
        return True

    def forget(self, name: str) -> None:
        """Forget a file that is gone."""
        self._connection.execute(spools.delete().where(spools.c.name == name))


@dataclass(slots=True)
class _File:
    """An open file that this process has locked, and how much of it is in the trail, if that is certain."""

    path: Path
    descriptor: int
    size: int
    taken: int = 0
    certain: bool = False

    def append(self, line: bytes) -> None:
        # 1. All of the line or nothing: a disk may be full in its middle.
        written = os.write(self.descriptor, line)
        if written != len(line):
            os.ftruncate(self.descriptor, self.size)
            message = "no room for a line"
            raise OSError(message)
        self.size += written

    def take(self, work: SqlUnitOfWork[_Taken], *, after_a_crash: bool = False) -> bool:
        """Take the next portion of whole lines; tell whether there was any."""
        # 2. What came since. The answer to a COMMIT may have been lost, or what a database had noted that died: it knows where to go on.
        if not self.certain:
            with work.read() as opened:
                self.taken = opened.records.find(self.path.name)
        read = os.pread(self.descriptor, _PORTION, self.taken)
        length = read.rfind(b"\n") + 1 or (
            len(read) if len(read) == _PORTION else 0
        )  # no line is as long: a hole that a crash left
        if not length:
            return False
        end, lines = self.taken + length, read[:length].splitlines()
        if after_a_crash:  # of the machine's: what was not on the disk yet may be anything
            lines = [line for line in lines if is_whole(line)]
        self.certain = False
        with work.note() as opened:
            if not opened.records.take(self.path.name, self.taken, end, lines):
                message = f"{self.path.name} is taken by somebody else"
                raise RuntimeError(message)
        self.taken, self.certain = end, True
        return True

    def remove(self, work: SqlUnitOfWork[_Taken]) -> None:
        """Remove it, all of it being in the trail: first for good from the disk, since without its row it would be taken again."""
        self.path.unlink(missing_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        with work.note() as opened:
            opened.records.forget(self.path.name)


class AuditSpool:
    """The files of one folder, this process's among them, and the trail that they end in."""

    def __init__(self, folder: Path, engine: sa.Engine) -> None:
        self._folder = folder
        self._work = SqlUnitOfWork(engine, _Taken)
        self._file: _File | None = None
        self._process = self._looked = 0
        self._appending, self._taking = Lock(), Lock()
        self._awaited = self._failing = self._told = False
        self._taker: Thread | None = None
        self._came, self._closing, self._pause = Event(), Event(), _EVERY

    def append(self, event: AuditEvent) -> bool:
        """Keep an event that is in the trail within a second; False, and nothing is kept, where that cannot be done."""
        line = None if self._failing else line_of(event)
        if line is None:
            return False
        with self._appending:
            try:
                if self._file is None or self._process != os.getpid():
                    self._file, self._process, self._awaited = self._open(), os.getpid(), False
                self._file.append(line)
            except OSError as error:
                if not self._told:
                    _log.warning("audit_spool_unusable", folder=str(self._folder), problem=type(error).__name__)
                self._told = True
                return False
            waking, self._awaited = not self._awaited, True
        if waking:
            self._wake(_EVERY)
        return True

    def take(self) -> None:
        """Take what has come since the last time."""
        with self._taking:
            with self._appending:
                file, self._awaited = self._file, False
                there = 0 if file is None else file.size  # what comes meanwhile is the next time's: else this one might never end
            if file is None or self._process != os.getpid():
                return
            while file.taken < there and file.take(self._work):
                pass
            if file.taken >= _FULL:
                # 3. A new one, before the rest of this one is taken.
                self._leave(file)

    def take_over(self) -> int:
        """Take what processes left that have died; return how many files that were. One that cannot be taken keeps no other back."""
        found, failed = 0, None
        try:
            files = sorted(path for path in self._folder.iterdir() if path.suffix == _SUFFIX)
        except FileNotFoundError:  # nothing was ever left here; a folder that may not be read is another thing
            return 0
        for path in files:
            try:
                found += self._take_over(path)
            except Exception as error:  # noqa: BLE001 - raised below
                failed = error
        if failed is not None:
            raise failed
        return found

    def _take_over(self, path: Path) -> bool:
        # 4. Whose process lives is locked.
        file = self._lock(path, os.O_RDWR)
        if file is None:
            return False
        try:
            while file.take(self._work, after_a_crash=True):
                pass
            file.remove(self._work)
        finally:
            os.close(file.descriptor)  # and whoever comes next may try
        return True

    def close(self) -> None:
        """Take what is there, and leave nothing behind."""
        self._closing.set()
        self._came.set()
        with self._taking:
            if self._file is not None and self._process == os.getpid():
                try:
                    self._leave(self._file)
                except Exception:  # noqa: BLE001 - a database that is away holds nobody up who has to go
                    _log.exception("audit_spool_not_taken")

    def _leave(self, file: _File) -> None:
        with self._appending:
            self._file = None
        try:
            while file.take(self._work):
                pass
            file.remove(self._work)
        finally:
            os.close(file.descriptor)  # what could not be taken is the worker's now

    def _wake(self, seconds: float) -> None:
        self._pause = seconds
        self._came.set()
        if self._taker is None or not self._taker.is_alive():  # before the first event, and after a fork
            self._closing.clear()
            self._taker = Thread(target=self._take_what_comes, name="audit-spool", daemon=True)
            try:
                self._taker.start()
            except RuntimeError:  # as many threads as there may be: the next event tries again
                self._taker, self._awaited, self._failing = None, False, False

    def _take_what_comes(self) -> None:
        while self._came.wait():
            self._came.clear()
            if self._closing.wait(self._pause):
                return
            self._take_what_came()

    def _take_what_came(self) -> None:
        try:
            self.take()
        except Exception:  # noqa: BLE001 - nobody waits for it; what is in the file stays there until it can be taken
            _log.exception("audit_spool_not_taken")
            self._failing = self._awaited = True
            self._wake(_AGAIN)
        else:
            self._failing = False
            self._look_around()

    def _look_around(self) -> None:
        """Take once what those left who were here before: the worker may be another machine's."""
        with self._taking:  # which who closes waits for
            if self._file is None or self._looked == os.getpid():
                return
            self._looked = os.getpid()
            try:
                self.take_over()
            except Exception:  # noqa: BLE001 - nor this; the worker tries again, and tells of it
                _log.exception("audit_spool_not_taken")

    def _open(self) -> _File:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            file = self._lock(self._folder / f"{token(12)}{_SUFFIX}", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND)
            if file is not None:  # else somebody took it for a dead process's before it was locked
                return file

    def _lock(self, path: Path, flags: int) -> _File | None:
        try:
            descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            if flags & os.O_CREAT:
                raise
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(descriptor)
        except BlockingIOError:
            found = None
        except OSError:  # a file system without locks
            os.close(descriptor)
            if flags & os.O_CREAT:
                path.unlink()
            raise
        if found is None or not found.st_nlink:
            os.close(descriptor)
            return None
        return _File(path, descriptor, found.st_size)
