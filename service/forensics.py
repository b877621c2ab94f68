"""Takes outsiders' PDFs apart in processes of its own, a few at a time: a file that costs too much costs the process, and nobody else.

Each process is started when it is first wanted, answers one file after another and is replaced when it ended over one, or after many.

Left to others: what happens in the process (``forensic_worker``), what is made of an answer (``licenses``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from queue import Empty, LifoQueue
from typing import IO

import structlog

from kernel.errors import Misuse, Refusal
from licenses.errors import DOCUMENT_NO_PDF, DOCUMENT_TOO_COSTLY, DOCUMENT_UNREADABLE, VERIFICATION_BUSY
from policies.models import VerificationRules
from service.errors import FORENSICS_MISSING
from service.forensic_worker import ANSWER_OCTETS, LENGTH_OCTETS, READY, REFUSED

_WAIT_SECONDS = 10.0
_RENEWED_AFTER = 2_000
"""Files after which a process is replaced, whatever it has gathered."""
_MAX_ANSWER = 64 * 1024 * 1024

_REFUSALS = {each.code: each for each in (DOCUMENT_NO_PDF, DOCUMENT_UNREADABLE, DOCUMENT_TOO_COSTLY)}

_log = structlog.get_logger()


class Forensics:
    """A few processes. Call it from any thread; closing it ends them."""

    def __init__(self, rules: VerificationRules) -> None:
        self._rules = rules
        self._idle: LifoQueue[_Process | None] = LifoQueue()
        for _ in range(rules.forensic_workers):
            self._idle.put(None)

    def __call__(self, pdf: bytes) -> bytes:
        """Do what ``licenses.ports.LicenseDeps.take_apart`` promises."""
        try:
            process = self._idle.get(timeout=_WAIT_SECONDS)
        except Empty:
            raise Refusal(VERIFICATION_BUSY) from None
        try:
            if process is None:
                process = _Process(self._rules)
            said = process.ask(pdf)
            if said is None or process.asked >= _RENEWED_AFTER:
                process.end()
                process = None
        except BaseException:
            if process is not None:
                process.end()
            process = None
            raise
        finally:
            self._idle.put(process)
        return _understood(said)

    def close(self) -> None:
        """End the processes that are idle."""
        for _ in range(self._rules.forensic_workers):
            try:
                process = self._idle.get_nowait()
            except Empty:
                return
            if process is not None:
                process.end()


class _Process:
    """One process, asked by one thread at a time."""

    def __init__(self, rules: VerificationRules) -> None:
        self.asked = 0
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [
                sys.executable, "-m", "service.forensic_worker",
                str(rules.forensic_seconds), str(rules.forensic_memory_bytes),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # Nothing of this node's environment: what is not there cannot be found by a file.
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        if self._read(1) != READY:
            self.end()
            raise Misuse(FORENSICS_MISSING)

    def ask(self, pdf: bytes) -> bytes | None:
        """Return the process's answer, None when it ended over the file."""
        self.asked += 1
        sink = _there(self._process.stdin)
        try:
            sink.write(len(pdf).to_bytes(LENGTH_OCTETS) + pdf)
            sink.flush()
        except BrokenPipeError:
            return None
        head = self._read(ANSWER_OCTETS)
        length = int.from_bytes(head)
        if len(head) < ANSWER_OCTETS or length > _MAX_ANSWER:
            return None
        said = self._read(length)
        return said if len(said) == length else None

    def end(self) -> None:
        """End it and take its leave."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            try:
                _there(stream).close()
            except BrokenPipeError:
                continue

    def _read(self, count: int) -> bytes:
        return _there(self._process.stdout).read(count)


def _there(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        message = "the process was started without its streams"
        raise RuntimeError(message)
    return stream


def _understood(said: bytes | None) -> bytes:
    """Return an answer that is a reading; raise the refusal that another one tells of."""
    if said is None:
        _log.warning("forensic_process_lost")
        raise Refusal(DOCUMENT_TOO_COSTLY)
    if not said.startswith(REFUSED):
        return said
    try:
        value = json.loads(said)
        refusal = Refusal(_REFUSALS[value["refused"]], **value["details"])
        refusal.text  # noqa: B018 - its details must fill its places
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        _log.warning("forensic_answer_unreadable", error=type(error).__name__)
        raise Refusal(DOCUMENT_TOO_COSTLY) from error
    raise refusal
