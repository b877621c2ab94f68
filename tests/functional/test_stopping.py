"""A server that is told to stop is gone soon, with its workers, whatever they are at."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.lone_node import LoneNode, lone_node, wait_for


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneNode]:
    with lone_node(tmp_path_factory.mktemp("alone")) as node:
        yield node


def children_of(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))


def test_one_worker_is_the_server_itself_and_is_gone_though_somebody_never_ends_a_request(alone: LoneNode) -> None:
    with alone.process("serve", module="tests.support.hasty_server") as server:
        wait_for(f"{alone.url}/healthz", server, alone.log)
        assert not children_of(server.pid)
        with socket.create_connection(("127.0.0.1", urlsplit(alone.url).port or 80)) as stuck:
            form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\nExpect: 100-continue"
            stuck.sendall(f"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n{form}\r\n\r\n".encode())
            assert stuck.recv(100).startswith(b"HTTP/1.1 100")  # it reads, and waits for the rest
            server.terminate()
            assert server.wait(60) == -signal.SIGALRM  # as docs/operations.md tells service managers


def test_a_worker_that_does_not_hear_is_killed(alone: LoneNode) -> None:
    with alone.process("serve", "--workers", "2", module="tests.support.hasty_server") as server:
        wait_for(f"{alone.url}/healthz", server, alone.log)
        deaf, *_ = children_of(server.pid)  # the other may not have begun
        os.kill(deaf, signal.SIGSTOP)
        server.terminate()
        server.wait(60)
        assert not Path(f"/proc/{deaf}").exists()
