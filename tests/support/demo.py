"""The demo's federation for tests: the same ``python -m service.demo`` that a newcomer starts, on free ports, in a temporary folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests

from service.demo.federation import PORTS
from tests.support.commands import run_command
from tests.support.node_databases import demo_databases
from tests.support.ports import free_port_block

START_SECONDS = 300
STOP_SECONDS = 60
_GIVEN: dict[str, int] = {}
"""The step of the last one-time code of each secret: a code is accepted once."""


@dataclass
class Federation:
    """A demo: its files and ports, and, once it runs, its description (``demo.json``)."""

    root: Path
    first_port: int
    environment: dict[str, str]
    description: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def directory(self) -> Path:
        return self.root / "var" / "demo"

    def start(self) -> None:
        """Start it, or start it again, and wait until it serves."""
        log = self._launch()
        assert self.process is not None
        self.description = wait_for_demo(self.process, self.root, log)

    def kill_once_there_is(self, pattern: str) -> None:
        """Start it and kill it while it builds, as soon as it has made a file of that name."""
        log = self._launch()
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while next(self.directory.glob(pattern), None) is None:
            assert self.process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.01)
        self.kill()

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self.process is not None:
            stop(self.process)

    def _launch(self) -> Path:
        log = self.root / "demo.log"
        with log.open("wb") as stream:
            self.process = start_demo(self.root, self.first_port, stream, **self.environment)
        return log

    def node(self, code: str) -> dict[str, Any]:
        return next(node for node in self.description["nodes"] if node["code"] == code)

    def url(self, code: str) -> str:
        return str(self.node(code)["url"])

    def account(self, kind: str, node: str = "445100") -> dict[str, Any]:
        return next(a for a in self.description["accounts"] if a["kind"] == kind and a["node"] == node)

    def client(self, method: str) -> dict[str, Any]:
        return next(c for c in self.description["clients"] if c["token_endpoint_auth_method"] == method)

    def license_file(self, node: str, number: int = 0) -> Path:
        mine = [entry for entry in self.description["licenses"] if entry["node"] == node]
        return self.root / mine[number]["file"]

    def site_url(self, offset: int) -> str:
        return f"http://localhost:{self.first_port + offset}/"

    def command(self, node: str, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run ``chaoxin`` at a node, and see that it ends as expected."""
        done = run_command(*arguments, config=self.directory / node / "chaoxin.toml")
        if expect is not None:
            assert done.returncode == expect, done.stderr
        return done

    def verify(self, node: str, file: Path | bytes) -> dict[str, Any]:
        content = file.read_bytes() if isinstance(file, Path) else file
        answer = requests.post(f"{self.url(node)}/api/v1/verifications", files={"file": ("license.pdf", content)}, timeout=30)
        assert answer.status_code == 200, answer.text
        verdict: dict[str, Any] = answer.json()
        return verdict


def one_time_code(account: dict[str, Any]) -> str:
    """Return a code that this account has not used yet, whoever asked for one before: the next, which is accepted early, or a later."""
    step = max(int(time.time()) // 30, _GIVEN.get(account["totp_secret"], 0) + 1)
    while int(time.time()) // 30 + 1 < step:
        time.sleep(0.2)
    _GIVEN[account["totp_secret"]] = step
    return pyotp.TOTP(account["totp_secret"]).at(step * 30)


def start_demo(root: Path, first_port: int, log: Any, **environment: str) -> subprocess.Popen[bytes]:
    """Start the demo in ``root/var/demo``."""
    environment |= os.environ | {
        "CHAOXIN_DEMO_DIRECTORY": str(root / "var" / "demo"),
        "CHAOXIN_DEMO_PORT": str(first_port),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    # Who runs the tests in the background ignores SIGINT, and so would the demo, which is stopped by it.
    hearing = ["env", "--default-signal=INT"]
    return subprocess.Popen(
        [*hearing, "setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "service.demo"],
        cwd=root,
        env=environment,
        stdout=log,
        stderr=log,
    )


def wait_for_demo(process: subprocess.Popen[bytes], root: Path, log: Path) -> dict[str, Any]:
    """Wait until the demo says that it serves, and return its description."""
    deadline = time.monotonic() + START_SECONDS
    while b"Ctrl-C" not in log.read_bytes():
        assert process.poll() is None, f"the demo ended with {process.returncode}:\n{log.read_text(errors='replace')}"
        assert time.monotonic() < deadline, f"the demo did not start:\n{log.read_text(errors='replace')}"
        time.sleep(0.2)
    description: dict[str, Any] = json.loads((root / "var" / "demo" / "demo.json").read_text(encoding="utf-8"))
    return description


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the demo as Ctrl-C does."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running_demo(root: Path) -> Iterator[Federation]:
    """Run a demo of its own in ``root`` for the length of the block; it was killed before, while it made its second node and
    while that one issued.

    What is built after that must be whole for every test that takes it, and nothing may be left listening in the end.
    """
    first_port = free_port_block(PORTS)
    demo = Federation(root, first_port, demo_databases(first_port))
    try:
        for built in ("445122/chaoxin.toml", "445122/licenses/*.pdf"):
            demo.kill_once_there_is(built)
        demo.start()
        yield demo
    finally:
        demo.stop()
    for node in demo.description["nodes"]:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{node['url']}/healthz", timeout=5)
