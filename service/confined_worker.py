"""What a process that does something for outsiders' bytes is confined to: it reads, computes and answers, and nothing else.

It has no keys, no database and no configuration, opens no connection, starts nothing and writes no file; whatever its input does to it
ends with it. Each question has its CPU time (the kernel ends the process when it is over) and the process its memory; how long an answer
is waited for is the other end's affair.

On standard input: the length of a question in eight octets, the question. On standard output: the length of an answer in four octets,
the answer. Left to others: what is asked and answered (``forensic_worker``, ``typeset_worker``), the other end (``confined``).
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

LENGTH_OCTETS = 8
ANSWER_OCTETS = 4
READY = b"\x01"

_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.remove", "os.rename")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def serve(answer: Callable[[bytes], bytes], seconds: float, memory: int, *, open_files: int) -> None:
    """Answer until standard input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    confine(memory, open_files=open_files)
    sink.write(READY)
    sink.flush()
    while head := source.read(LENGTH_OCTETS):
        _allow(seconds)
        said = answer(source.read(int.from_bytes(head)))
        _allow(0)
        _write(sink, said)


def confine(memory: int, *, open_files: int) -> None:
    """Give up what answering does not need. ``memory`` comes on top of what the process has by now."""
    with open("/proc/self/statm", encoding="ascii") as sizes:  # noqa: PTH123 - one number of the kernel's
        pages = int(sizes.read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
    for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(nothing, (0, 0))
    sys.addaudithook(_refuse)


def _allow(seconds: float) -> None:
    """Have the kernel end the process after so much work: the signal's default action does."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _write(sink: BinaryIO, said: bytes) -> None:
    sink.write(len(said).to_bytes(ANSWER_OCTETS) + said)
    sink.flush()


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
    if writing or event.startswith(_FORBIDDEN):
        message = f"{event} is not for this process"
        raise PermissionError(message)
