"""What a code or a refresh token is worth to real server processes: redeemed by many at once, and when all of them are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from click.testing import CliRunner

from idp import endpoints
from idp.storage.tables import refresh_tokens
from service.audit import SqlAuditTrail
from service.cli import cli
from service.config import load_config
from service.engine import make_engine
from service.jobs import seal_audit
from service.wiring import Services
from tests.support.idp import PASSWORD, add_account, add_client
from tests.support.lone_node import wait_for
from tests.support.mortal_server import VARIABLE
from tests.support.new_nodes import put_database
from tests.support.ports import free_port
from tests.support.relying_party import RelyingParty

CALLBACK = "http://127.0.0.1:9000/cb"
CITIZEN = {"username": "chenxiaochao", "password": PASSWORD}
CROWD = 50
_SYSTEMS, _EACH = 4, 50


@dataclass
class Node:
    """A node on one of the engines, served by two processes, with a citizen and a department's system."""

    folder: Path
    url: str
    database_url: str
    client: dict[str, Any]
    machine: tuple[str, str]
    server: subprocess.Popen[bytes] | None = None

    @property
    def _trigger(self) -> Path:
        return self.folder / "die"

    def start(self) -> None:
        """Serve, in a process group of its own."""
        self._trigger.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.support.mortal_server", "--config", str(self.folder / "chaoxin.toml")]
        environment = os.environ | {VARIABLE: str(self._trigger)}
        log = self.folder / "node.log"
        with log.open("ab") as stream:
            self.server = subprocess.Popen(
                [*command, "serve", "--workers", "2"], start_new_session=True, env=environment, stdout=stream, stderr=stream
            )
        wait_for(f"{self.url}/healthz", self.server, log)

    def doom(self) -> None:
        """Let it be killed when it is about to sign tokens."""
        self._trigger.touch()

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.wait(60)

    def department(self) -> RelyingParty:
        return RelyingParty(self.url, self.client)

    def refresh_tokens(self) -> int:
        engine = make_engine(self.database_url)
        with engine.connect() as connection:
            found: int = connection.execute(sa.select(sa.func.count()).select_from(refresh_tokens)).scalar_one()
        engine.dispose()
        return found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def node(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder, port = tmp_path_factory.mktemp("redemption") / "node", str(free_port())
    with ExitStack() as stack:
        database_url = f"sqlite:///{folder / 'node.sqlite'}"
        if request.param == "postgresql":
            database_url = stack.enter_context(request.getfixturevalue("postgres").database())
        url = f"http://localhost:{port}"
        options = ["--code", "445122", "--name", "饶平县", "--url", url, "--port", port, "--database", database_url]
        place = ["--province", "广东省", "--city", "潮州市", "--county", "饶平县"]
        put_database(folder)  # where it is SQLite's
        made = CliRunner().invoke(cli, ["init", str(folder), *options, *place])
        assert made.exit_code == 0, made.output
        with Services(load_config(folder / "chaoxin.toml")) as services:
            add_account(services.idp)
            secret = add_client(services.idp, redirect_uris=(CALLBACK,)).client_secret
            own = {"grant_types": ("client_credentials",), "redirect_uris": (), "scope": "openid profile"}
            machine = add_client(services.idp, "machine", **own).client_secret or ""
        client = {
            "client_id": "scjg",
            "client_secret": secret,
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "client_secret_basic",
        }
        made_node = Node(folder, url, database_url, client, ("machine", machine))
        stack.callback(made_node.stop)
        made_node.start()
        yield made_node


def errors(answers: list[requests.Response]) -> set[str]:
    return {answer.json()["error"] for answer in answers if answer.status_code != 200}


def test_requirement_7_a_code_redeemed_fifty_times_at_once_yields_exactly_one_token_set(node: Node) -> None:
    department, before = node.department(), node.refresh_tokens()
    back = department.authorize(department.browser(), CITIZEN)
    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(lambda _: department.redeem(back["code"]), range(CROWD)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert (len(good), node.refresh_tokens()) == (1, before + 1)
    assert errors(answers) == {"invalid_grant"}
    replayed = department.token({"grant_type": "refresh_token", "refresh_token": good[0].json()["refresh_token"]})
    assert replayed.json()["error"] == "invalid_grant", "the replays revoked it"


def test_requirement_8_a_refresh_token_used_fifty_times_at_once_yields_exactly_one_token_set(node: Node) -> None:
    department = node.department()
    back = department.authorize(department.browser(), CITIZEN)
    form: dict[str, str | None] = {"grant_type": "refresh_token"}
    form["refresh_token"] = department.redeem(back["code"]).json()["refresh_token"]
    before = node.refresh_tokens()
    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(lambda _: department.token(form), range(CROWD)))
    assert {answer.status_code for answer in answers} == {200}
    for name in ("access_token", "id_token", "refresh_token"):
        assert len({answer.json()[name] for answer in answers}) == 1
    assert node.refresh_tokens() == before + 1


def test_killing_the_server_between_consuming_and_answering_leaves_no_usable_code(node: Node) -> None:
    department = node.department()
    back = department.authorize(department.browser(), CITIZEN)
    node.doom()
    with pytest.raises(requests.ConnectionError):
        department.redeem(back["code"])
    assert node.server is not None
    assert node.server.wait(60) == -signal.SIGKILL
    node.start()
    again = department.redeem(back["code"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    fresh = department.authorize(department.browser(), CITIZEN)
    assert department.redeem(fresh["code"]).status_code == 200, "and all else goes on"


def test_every_token_that_a_system_got_before_all_processes_were_killed_is_told_of(node: Node) -> None:
    address, grant = f"{node.url}{endpoints.TOKEN}", {"grant_type": "client_credentials"}
    enough = Barrier(_SYSTEMS + 1)

    def get_tokens() -> int:
        got = 0
        with requests.Session() as session, suppress(requests.ConnectionError):
            while True:
                assert session.post(address, grant, auth=node.machine).status_code == 200
                got += 1
                if got == _EACH:
                    enough.wait(60)
        return got

    server = node.server
    assert server is not None
    with ThreadPoolExecutor(_SYSTEMS) as pool:
        systems = [pool.submit(get_tokens) for _ in range(_SYSTEMS)]
        enough.wait(60)
        os.killpg(server.pid, signal.SIGKILL)
        got = sum(system.result() for system in systems)
    server.wait(60)
    with Services(load_config(node.folder / "chaoxin.toml")) as services:
        seal_audit(services)
        with services.engine.connect() as connection:
            told = SqlAuditTrail(connection).page(limit=10_000, contains="client:machine")
            page = [event for event in told if event.event.action == "idp.client_credentials"]
    assert got <= len(page) <= got + _SYSTEMS, "more only of whoever was not answered any more"
    assert list(services.config.spool_directory.iterdir()) == []
    node.start()
