"""A process that takes outsiders' PDFs apart: ``python -m service.forensic_worker SECONDS MEMORY_BYTES``, told by ``service.forensics`` what to read.

It has no keys, no database and no configuration, opens no connection, starts nothing and writes no file; whatever a file does to it
ends with it. Each file has its CPU time (the kernel ends the process when it is over) and the process its memory.

On standard input: the length of a file in eight octets, the file. On standard output: the length of an answer in four octets, the
answer, which is JSON. Left to others: reading (``licenses.reading``), which answer means what (``service.forensics``).
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import BinaryIO

from kernel.errors import Refusal
from licenses import reading_json
from licenses.errors import DOCUMENT_TOO_COSTLY

LENGTH_OCTETS = 8
ANSWER_OCTETS = 4
READY = b"\x01"
REFUSED = b'{"refused":'
"""What an answer that is a refusal begins with; a reading begins otherwise."""

_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.remove", "os.rename")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_OPEN_FILES = 16
_WAITING = 5
"""How many times its time a file may take when the machine has other things to do."""


def main(seconds: float, memory: int) -> None:
    """Answer until standard input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _confine(memory)
    sink.write(READY)
    sink.flush()
    while head := source.read(LENGTH_OCTETS):
        _allow(seconds)
        said = answer(source.read(int.from_bytes(head)))
        _allow(0)
        _write(sink, said)


def answer(pdf: bytes) -> bytes:
    """Return what is answered to ``pdf``: a reading, or the code and details of a refusal."""
    try:
        return reading_json.read(pdf)
    except Refusal as refusal:
        return json.dumps({"refused": refusal.code, "details": refusal.details}).encode()
    except MemoryError:
        return json.dumps({"refused": DOCUMENT_TOO_COSTLY.code, "details": {}}).encode()


def _allow(seconds: float) -> None:
    """Have the kernel end the process after so much work, or after some of it and long waiting: these signals' default action does."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, _WAITING * seconds)


def _write(sink: BinaryIO, said: bytes) -> None:
    sink.write(len(said).to_bytes(ANSWER_OCTETS) + said)
    sink.flush()


def _confine(memory: int) -> None:
    """Give up what reading a file does not need. ``memory`` comes on top of what the process has by now."""
    with open("/proc/self/statm", encoding="ascii") as sizes:  # noqa: PTH123 - one number of the kernel's
        pages = int(sizes.read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(nothing, (0, 0))
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
    if writing or event.startswith(_FORBIDDEN):
        message = f"{event} is not for this process"
        raise PermissionError(message)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
