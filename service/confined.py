"""The other end of a confined process: starts it with nothing of this node's, asks it, takes its leave.

Left to others: what happens in the process (``confined_worker``), how many there are and what is asked (``forensics``, ``typesetting``).
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Mapping
from threading import Event, Timer
from typing import IO

from kernel.errors import Misuse
from service.confined_worker import ANSWER_OCTETS, LENGTH_OCTETS, READY
from service.errors import CONFINED_MISSING

_MAX_ANSWER = 64 * 1024 * 1024
_RENEWED_AFTER = 2_000
"""Questions after which a process is to be replaced, whatever it has gathered."""


class Confined:
    """One process that runs ``module`` with ``arguments``, asked by one thread at a time."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._asked, self._ready = 0, False
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # Nothing of this node's environment: what is not there cannot be found by a file.
            env={
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PYTHONDONTWRITEBYTECODE": "1",
                "LC_ALL": "C.UTF-8",
                **(environment or {}),
            },
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def is_old(self) -> bool:
        """Whether it was asked so often that another one is to take its place."""
        return self._asked >= _RENEWED_AFTER

    def is_ready(self, seconds: float) -> bool:
        """Wait so long for it to be started, and tell whether it is; ``Misuse(confined_missing)`` when it will never be."""
        if not self._ready:
            output = _there(self._process.stdout)
            waiting = select.poll()
            waiting.register(output, select.POLLIN)
            if not waiting.poll(max(seconds, 0.0) * 1000):
                return False
            if output.read(1) != READY:
                raise Misuse(CONFINED_MISSING)
            self._ready = True
        return True

    def ask(self, question: bytes, seconds: float) -> bytes | None:
        """Return the answer of a process that is ready, None when it ended over the question.

        ``TimeoutError`` when ``seconds`` were over before: then it was ended.
        """
        self._asked += 1
        late = Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        timer = Timer(max(seconds, 0.0), give_up)
        timer.start()
        try:
            said = self._answer(question)
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():
            raise TimeoutError
        return said

    def _answer(self, question: bytes) -> bytes | None:
        sink = _there(self._process.stdin)
        try:
            sink.write(len(question).to_bytes(LENGTH_OCTETS) + question)
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
