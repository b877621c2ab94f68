"""Ports that are free and stay ours: two test processes never pick the same one."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import IO

_FIRST, _LAST, _BLOCK = 18_000, 32_000, 20  # below the ports that the system hands out by itself

_held: list[IO[bytes]] = []
"""Locks of the blocks handed out; the system releases them when this process ends, however it ends."""


def _is_free(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            try:
                listener.bind((address, port))
            except OSError as error:
                if family == socket.AF_INET or error.errno == errno.EADDRINUSE:  # a machine may lack IPv6
                    return False
    return True


def free_port_block(count: int) -> int:
    """Return the first of ``count`` (at most 20) consecutive free loopback ports, reserved until this process ends."""
    assert count <= _BLOCK, f"a block has {_BLOCK} ports"
    folder = Path(tempfile.gettempdir()) / f"chaoxin-test-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for first in range(_FIRST, _LAST, _BLOCK):
        lock = (folder / str(first)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        if all(_is_free(port) for port in range(first, first + _BLOCK)):
            _held.append(lock)
            return first
        lock.close()
    message = f"no {count} consecutive free ports between {_FIRST} and {_LAST}"
    raise RuntimeError(message)


_loose = iter(range(0))


def free_port() -> int:
    """Return a free loopback port, reserved until this process ends."""
    global _loose  # noqa: PLW0603 - the rest of the block that single ports are taken from
    for port in _loose:
        return port
    first = free_port_block(_BLOCK)
    _loose = iter(range(first + 1, first + _BLOCK))
    return first
