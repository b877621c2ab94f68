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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import requests

from service.demo.federation import PORTS
from tests.support.commands import run_command
from tests.support.node_databases import demo_databases
from tests.support.ports import free_port_block

START_SECONDS = 300
STOP_SECONDS = 30
_GIVEN: dict[str, int] = {}
"""The step of the last one-time code of each secret: a code is accepted once."""


@dataclass(frozen=True)
class Federation:
    """A running demo: its description (``demo.json``) and where its files lie."""

    directory: Path
    description: dict[str, Any]
    first_port: int

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
        return self.directory.parent.parent / mine[number]["file"]

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
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "service.demo"],
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
    """Run a demo of its own in ``root`` for the length of the block."""
    first_port = free_port_block(PORTS)
    log = root / "demo.log"
    with log.open("ab") as stream:
        process = start_demo(root, first_port, stream, **demo_databases(first_port))
    try:
        yield Federation(root / "var" / "demo", wait_for_demo(process, root, log), first_port)
    finally:
        stop(process)
