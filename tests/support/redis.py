"""A Redis server of a test: on a free port, in memory only, gone with the test."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.ports import free_port


@contextmanager
def redis_server() -> Iterator[str]:
    """Yield the address of a fresh server."""
    program = shutil.which("redis-server")
    assert program is not None, "redis-server is not installed"
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ready to accept connections" in line:
                break
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.communicate(timeout=10)
