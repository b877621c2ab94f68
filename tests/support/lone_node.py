"""One real node without peers, and whom a test registers at it: for what is between the node and one other party."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from service.config import load_config
from service.wiring import Services
from tests.support.idp import PASSWORD, add_account, add_client, events
from tests.support.new_nodes import new_node
from tests.support.ports import free_port
from tests.support.relying_party import Browser, forms

ROOT = str(Path(__file__).parents[2])
_START_SECONDS = 300
_STOP_SECONDS = 60


@dataclass
class LoneNode:
    """The node's services, open in the test's process too, and what its processes print."""

    services: Services
    log: Path

    @property
    def url(self) -> str:
        return self.services.node.url

    def add_account(self, username: str = "chenxiaochao", **changes: Any) -> dict[str, Any]:
        """Create an account and return it as ``demo.json`` describes one."""
        made = {"username": username, "password": PASSWORD, "totp_secret": None, **changes}
        add_account(self.services.idp, **made)
        return made

    def add_client(self, client_id: str, **changes: Any) -> dict[str, Any]:
        """Register a client and return it as ``demo.json`` describes one."""
        registered = add_client(self.services.idp, client_id, **changes)
        return {
            "client_id": client_id,
            "client_secret": registered.client_secret,
            "redirect_uris": list(registered.client.redirect_uris),
            "post_logout_redirect_uris": list(registered.client.post_logout_redirect_uris),
            "token_endpoint_auth_method": registered.client.token_endpoint_auth_method,
        }

    def log_out(self, browser: Browser, *, telling: str) -> None:
        """Log a browser's person out by the node's own button, and wait until a client has taken the news."""
        before = self._told(telling)
        asked = browser.get(f"{self.url}/oauth/logout")
        browser.submit(asked, next(form for form in forms(asked.text) if form.action.startswith("/logout")))
        deadline = time.monotonic() + _STOP_SECONDS
        while self._told(telling) == before:
            assert time.monotonic() < deadline, self.log.read_text(errors="replace")
            time.sleep(0.05)
        assert self._told(telling) == [*before, "ok"]

    def _told(self, client_id: str) -> list[str]:
        told = events(self.services.engine, "idp.tell_logout")
        return [event["outcome"] for event in told if event["target"] == f"client:{client_id}"]

    @contextmanager
    def process(self, *command: str, module: str = "service.cli") -> Iterator[subprocess.Popen[bytes]]:
        """Run a command of the node for the length of the block."""
        self.services.engine.dispose()
        config = str(self.services.config.file)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", module, "--config", config, *command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)

    @contextmanager
    def served(self, *options: str, module: str = "service.cli") -> Iterator[None]:
        """Serve the node for the length of the block."""
        with self.process("serve", *options, module=module) as process:
            wait_for(f"{self.url}/healthz", process, self.log)
            yield


@contextmanager
def lone_node(folder: Path) -> Iterator[LoneNode]:
    """Make the city's node in ``folder``; nothing of it runs yet."""
    with Services(load_config(new_node(folder, "445100", port=free_port()))) as services:
        yield LoneNode(services, folder / "node.log")


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until ``url`` answers; a process that ends or takes too long fails with what it printed."""
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(url):
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return bool(requests.get(url, timeout=2, allow_redirects=False).status_code < requests.codes.server_error)
    except requests.RequestException:
        return False
