"""The example clients for departments, each as its README starts it: logged in, refreshed, logged out, and told of a logout."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from idp.clients import registry
from idp.records import Client
from idp.signing_keys import get_signing_key
from kernel.clock import timestamp
from pki import jose
from service.config import load_config
from service.wiring import Services
from tests.support.demo import Federation
from tests.support.lone_node import wait_for
from tests.support.node import NODE, workspace
from tests.support.ports import free_port
from tests.support.programs import need
from tests.support.relying_party import Browser, Form, forms

CITY, MARKET = "445100", "114451008W15P11PMR"
EXAMPLES = Path(__file__).parents[2] / "examples"
FRUGAL_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")  # it starts twice, and never runs for long
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
START_SECONDS = 300
COMMANDS: dict[str, list[str | Path]] = {
    "java": ["java", *FRUGAL_JAVA, "-Dfile.encoding=UTF-8", "-cp", f"{EXAMPLES}/java/lib/*", EXAMPLES / "java" / "App.java"],
    "node": [NODE, "app.mjs"],
    "python": [sys.executable, EXAMPLES / "python" / "app.py"],
}


@dataclass
class Example:
    """A running example and the account that logs in to it."""

    home: str
    federation: Federation

    def log_in(self, browser: Browser) -> str:
        answer = browser.get(f"{self.home}login")
        return browser.log_in(answer, self.federation.account("citizen")).text

    def press(self, browser: Browser, action: str) -> str:
        answer = browser.get(self.home)
        return browser.submit(answer, self.form(answer.text, action)).text

    def form(self, page: str, action: str) -> Form:
        return next(form for form in forms(page) if form.action == action)

    def notify(self, logout_token: str) -> int:
        return requests.post(f"{self.home}backchannel-logout", data={"logout_token": logout_token}, timeout=30).status_code


@contextmanager
def running(kind: str, federation: Federation, settings: dict[str, str], folder: Path) -> Iterator[Example]:
    """Run an example with ``settings`` in its environment, in the empty ``folder``, for the length of the block."""
    command = COMMANDS[kind]
    if kind == "node":
        workspace(EXAMPLES / "node", folder)
    if kind == "java":
        need("java", "openjdk-17-jdk-headless")
        subprocess.run([EXAMPLES.parent / "scripts" / "fetch-jars.sh"], check=True)  # make test has done it; else it is done now
    home = f"http://localhost:{settings['PORT']}/"
    log = folder / "example.log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command], cwd=folder, env=settings, stdout=stream, stderr=stream
        ) as process,
    ):
        try:
            wait_for(home, process, log)
            yield Example(home, federation)
        finally:
            process.kill()


@pytest.fixture(scope="module", params=COMMANDS)
def example(
    request: pytest.FixtureRequest, federation: Federation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Example]:
    """An example as the demo's first client, by the settings that its README has made."""
    exports = [sys.executable, EXAMPLES / "demo_client.py", federation.directory / "demo.json"]
    said = shlex.split(subprocess.run(exports, capture_output=True, text=True, check=True).stdout)
    settings = dict(word.split("=", 1) for word in said[1:]) | {"PORT": str(free_port())}
    with running(request.param, federation, settings, tmp_path_factory.mktemp("example")) as started:
        yield started


def test_somebody_logs_in_sees_their_claims_refreshes_and_logs_out(example: Example) -> None:
    browser = Browser()
    assert "陈晓潮" in example.log_in(browser)
    assert "已刷新 0 次" in browser.get(example.home).text
    assert "已刷新 1 次" in example.press(browser, "/refresh")
    assert "已刷新 2 次" in example.press(browser, "/refresh")
    assert "用潮信登录" in example.press(browser, "/logout")
    assert "current-password" in browser.get(f"{example.home}login").text, "the node's own session has ended too"


def test_two_tabs_of_one_browser_both_come_through(example: Example) -> None:
    browser = Browser()
    tabs = [browser.get(f"{example.home}login") for _ in range(2)]
    for tab in tabs:
        assert "陈晓潮" in browser.log_in(tab, example.federation.account("citizen")).text


def test_an_answer_that_was_not_asked_for_logs_nobody_in(example: Example) -> None:
    victim, attacker = Browser(), Browser(f"{example.home}callback")
    answer = attacker.log_in(attacker.get(f"{example.home}login"), example.federation.account("citizen"))
    assert "陈晓潮" not in victim.get(answer.headers["Location"]).text
    assert "用潮信登录" in victim.get(example.home).text


@pytest.fixture(scope="module")
def city(federation: Federation) -> Iterator[Services]:
    """The city's node, opened beside its own processes: for signing as it does."""
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        yield services


def logout_token(city: Services, client_id: str, sub: str, *, typ: str = "logout+jwt", **changes: Any) -> str:
    """Return a logout token as the node signs it, but for ``changes`` (None leaves one out)."""
    now = city.clock.now()
    key = get_signing_key(city.idp, "ES256")
    claims = {
        "iss": city.node.url,
        "aud": client_id,
        "iat": timestamp(now),
        "exp": timestamp(now + timedelta(minutes=2)),
        "jti": "1",
        "events": {LOGOUT_EVENT: {}},
        "sub": sub,
        **changes,
    }
    given = {name: value for name, value in claims.items() if value is not None}
    return jose.sign(given, key, kid=key.kid, alg=key.alg, typ=typ)


def test_a_logout_notice_ends_the_login_and_nothing_else_that_is_signed_does(example: Example, city: Services) -> None:
    browser = Browser()
    sub = example.log_in(browser).partition("<dt>sub<dd>")[2].partition("<")[0].strip()
    client_id = example.federation.client("client_secret_basic")["client_id"]
    refused: list[dict[str, Any]] = [
        {"typ": "JWT"},  # an ID token, say
        {"aud": "rsj"},
        {"iss": "https://other.example"},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"events": None},
        {"nonce": "n"},
        {"exp": 1},
        {"jti": None},
        {"sub": None},
    ]
    for changes in refused:
        assert example.notify(logout_token(city, client_id, **({"sub": sub} | changes))) == 400, changes
    assert example.notify("nonsense") == 400
    assert example.notify(logout_token(city, client_id, "somebody.else")) == 200
    assert "陈晓潮" in browser.get(example.home).text
    assert example.notify(logout_token(city, client_id, sub)) == 200
    assert "用潮信登录" in browser.get(example.home).text


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_logout_at_the_node_ends_the_login_at_the_example(
    kind: str, federation: Federation, city: Services, tmp_path: Path
) -> None:
    port = free_port()
    home = f"http://localhost:{port}/"
    client = Client(
        client_id=f"told-{kind}",
        name="示例系统",
        department=MARKET,
        redirect_uris=(f"{home}callback",),
        post_logout_redirect_uris=(home,),
        backchannel_logout_uri=f"{home}backchannel-logout",
        scopes=("openid", "profile", "offline_access"),
    )
    secret = registry.register(city.idp, client, actor="operator:test").client_secret
    assert secret is not None
    settings = {"ISSUER": federation.url(CITY), "CLIENT_ID": client.client_id, "CLIENT_SECRET": secret, "PORT": str(port)}
    with running(kind, federation, settings, tmp_path) as told:
        here, elsewhere = Browser(), Browser()
        assert "陈晓潮" in told.log_in(here)
        assert "陈晓潮" in told.log_in(elsewhere)
        page = here.get(federation.url(CITY) + "/")
        here.submit(page, told.form(page.text, "/logout"))
        deadline = time.monotonic() + START_SECONDS
        while "用潮信登录" not in here.get(home).text:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert "陈晓潮" in elsewhere.get(home).text
