"""A server that is told to stop is gone soon, with its workers, whatever they are at."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.support.lone_node import lone_node, wait_for


def test_a_worker_that_does_not_hear_is_killed(tmp_path: Path) -> None:
    with lone_node(tmp_path) as node, node.process("serve") as server:
        wait_for(f"{node.url}/healthz", server, node.log)
        (worker,) = map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii").split())
        os.kill(worker, signal.SIGSTOP)
        server.terminate()
        server.wait(20)
        assert not Path(f"/proc/{worker}").exists()
