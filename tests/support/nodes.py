"""Three real nodes served by processes of their own, without licences: for what happens between nodes when one is killed, hung or replaced.

Each node's database and keys are open in the test process too, which does what an operator or the worker would; what one node asks of
another goes over loopback to the other's process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from crosscert import node_description
from crosscert.federation import sync
from crosscert.federation.sync import visits
from crosscert.federation.sync.fetching import Fetching
from crosscert.ports import CrosscertDeps
from idp.records import Client
from idp.tokens import signed
from idp.tokens.issue import Issue
from kernel.clock import monotonic
from kernel.nodes import Node
from service.cli import cli
from service.config import load_config
from service.demo import trust
from service.wiring import Services
from tests.support.new_nodes import PLACES, new_node
from tests.support.ports import free_port_block
from tests.support.three_nodes import Member, certify

CITY, COUNTY, OTHER = "445100", "445122", "445103"
_START_SECONDS = 300
_ROOT = str(Path(__file__).parents[2])


@dataclass
class Nodes:
    """The nodes by area code, and the processes that answer at their addresses."""

    folder: Path
    services: Mapping[str, Services]
    ports: Mapping[str, int]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def config(self, code: str) -> Path:
        return self.folder / code / "chaoxin.toml"

    def url(self, code: str) -> str:
        return self.services[code].node.url

    def serve(self, code: str) -> None:
        """Start the node's own server and wait until it answers."""
        self.services[code].engine.dispose()
        self._start(code, "service.cli", "--config", str(self.config(code)), "serve")

    def replace(self, code: str, answers: Path) -> None:
        """Let a server that does what ``answers`` says take the node's place."""
        self.kill(code)
        self._start(code, "tests.support.hostile", str(self.ports[code]), str(answers))

    def signal(self, code: str, what: signal.Signals) -> None:
        """Send a signal to all processes of the node's server."""
        os.killpg(self.processes[code].pid, what)

    def kill(self, code: str) -> None:
        """End the node's server without a word."""
        process = self.processes.pop(code, None)
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, code: str, module: str, *arguments: str) -> None:
        with (self.folder / f"{code}.log").open("ab") as log:
            self.processes[code] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", module, *arguments],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(f"http://localhost:{self.ports[code]}/healthz"):
            assert self.processes[code].poll() is None, (self.folder / f"{code}.log").read_text(errors="replace")
            assert time.monotonic() < deadline, (self.folder / f"{code}.log").read_text(errors="replace")
            time.sleep(0.05)

    def synced(self, by: str = COUNTY) -> dict[str, str | None]:
        """Let a node fetch from everybody and return how that went."""
        return {each.code: each.error for each in sync.sync_all(self.services[by].crosscert)}

    def certify(self, issuer: str, subject: str) -> None:
        """Let one node certify another anew."""
        services = (self.services[code] for code in (issuer, subject))
        certify(*(Member(each.crosscert, each.trust, each.engine) for each in services))

    def token(self, of: str) -> str:
        """Return an access token of a node, by the key that its provider signs with."""
        services = self.services[of]
        now = services.clock.now()
        return signed.sign_access_token(
            services.idp, Client("scjg", "scjg", ""), Issue("s", ("openid",), services.idp.issuer), now=now
        )

    def chaoxin(self, code: str, *arguments: str, given: str | None = None) -> Result:
        """Run a command of a node."""
        return CliRunner().invoke(cli, ["--config", str(self.config(code)), *arguments], input=given)

    def judged(self, by: str, token: str) -> dict[str, Any]:
        """Return what ``chaoxin token verify`` says at a node."""
        result = self.chaoxin(by, "token", "verify", "-", "--json", given=token)
        verdict: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (0 if verdict["valid"] else 1)
        return verdict

    def all_valid(self, by: str = COUNTY) -> bool:
        """Tell whether a node believes the tokens of the other two."""
        return all(self.judged(by, self.token(code))["valid"] for code in self.services if code != by)

    def shown(self, by: str, code: str) -> dict[str, Any]:
        """Return how a peer is shown at a node."""
        listed = json.loads(self.chaoxin(by, "crosscert", "list", "--json").stdout)
        return next(peer for peer in listed["peers"] if peer["code"] == code)

    def publications(self, code: str) -> dict[str, bytes]:
        """Return what the node publishes for others, by path, as it is now."""
        url = self.url(code)
        paths = [node_description.PATH, "/pki/principal.crl", "/pki/issuing.crl", "/licenses/status"]
        paths += ["/licenses/log/key", "/licenses/log/checkpoint"]
        return {path: requests.get(url + path, timeout=30).content for path in paths}


@contextmanager
def impatient_with(code: str) -> Iterator[None]:
    """Give up on one node sooner than in earnest, in this process: what is tested is that it ends, and what then. Others have their whole time."""

    class Impatient(Fetching):
        def __init__(self, deps: CrosscertDeps, node: Node, *, full: bool) -> None:
            super().__init__(deps, node, full=full)
            if node.code == code:
                self._end = monotonic() + 1.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(visits, "Fetching", Impatient)
        yield


@contextmanager
def running_nodes(folder: Path) -> Iterator[Nodes]:
    """Make the city and two counties, certify them through the city, and serve them for the length of the block."""
    first = free_port_block(len(PLACES))
    ports = {code: first + place for place, code in enumerate(PLACES)}
    with ExitStack() as stack:
        services = {}
        for code, port in ports.items():
            services[code] = stack.enter_context(Services(load_config(new_node(folder / code, code, port=port))))
        trust.cross_certify(services, bridge=CITY)
        nodes = Nodes(folder, services, ports)
        try:
            for code in services:
                nodes.serve(code)
            for code in (*services, *services):  # counties hear of each other from the city
                nodes.synced(code)
            yield nodes
        finally:
            for code in list(nodes.processes):
                nodes.kill(code)


def write_answers(folder: Path, published: Mapping[str, bytes], **behaviour: str) -> Path:
    """Write what a hostile server answers: what a node published, and for some paths something else."""
    folder.mkdir(exist_ok=True)
    for path, content in published.items():
        (folder / path.strip("/").replace("/", "_")).write_bytes(content)
    (folder / "behaviour.json").write_text(json.dumps(behaviour), encoding="utf-8")
    return folder


def _answers(url: str) -> bool:
    try:
        return bool(requests.get(url, timeout=2).ok)
    except requests.RequestException:
        return False
