"""Page floods: counted by address and kind of page, together where Redis is named; told when to come back, in both languages."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kernel.clock import SystemClock
from kernel.errors import Refusal, wait_seconds
from policies.assurance_models import FloodRules
from service.floods import Floods

RULES = FloodRules(login=10, registration=10, verify=10, api=20)
STRANGER, NEIGHBOUR, OTHER = "2001:db8::1", "2001:db8::2", "2001:db8:1::1"


def served(redis_url: str | None = None) -> FlaskClient:
    """A process that serves pages."""
    app = Flask(__name__)
    Floods(RULES, SystemClock(), redis_url=redis_url).init_app(app)

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> tuple[str, int]:
        return f"{error.code} {wait_seconds(error)} {error.text.zh} {error.text.en}", error.error.status

    for number, path in enumerate(("/login", "/login/passkey", "/register", "/verify", "/api/v1/x", "/", "/loginsomething")):
        app.add_url_rule(path, endpoint=str(number), view_func=lambda: "here", methods=["GET", "POST"])
    return app.test_client()


def ask(client: FlaskClient, path: str, address: str = STRANGER, times: int = 1) -> list[int]:
    return [client.get(path, environ_overrides={"REMOTE_ADDR": address}).status_code for _ in range(times)]


def test_beyond_the_limit_of_its_kind_an_address_waits_and_nobody_else_does() -> None:
    client = served()
    assert ask(client, "/login", times=6) + ask(client, "/login/passkey", NEIGHBOUR, times=6) == [200] * 10 + [429] * 2
    assert ask(client, "/login", OTHER) == ask(client, "/register") == ask(client, "/verify") == [200]
    assert ask(client, "/api/v1/x", times=21) == [200] * 20 + [429]
    assert ask(client, "/", times=50) + ask(client, "/loginsomething", times=20) == [200] * 70
    answer = client.post("/login", environ_overrides={"REMOTE_ADDR": STRANGER})
    code, seconds, *_ = answer.text.split()
    assert (code, 1 <= int(seconds) <= 60) == ("flooded", True)
    assert "请求太多" in answer.text
    assert "Too many requests" in answer.text


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_this_machine_is_not_counted_since_it_may_be_a_proxy_that_nobody_configured(address: str) -> None:
    assert ask(served(), "/login", address, times=30) == [200] * 30


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A real Redis on a socket of its own."""
    program = shutil.which("redis-server")
    assert program is not None, "redis-server is not installed"
    socket = tmp_path / "redis.sock"
    options = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--daemonize", "no")
    with subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("eady to accept connections" in line for line in process.stdout)
            yield f"redis+unix://{socket}"
        finally:
            process.terminate()
            process.stdout.read()


def test_processes_count_together_in_redis_and_by_themselves_without_it(redis_url: str) -> None:
    first, second = served(redis_url), served(redis_url)
    assert ask(first, "/login", times=6) + ask(second, "/login", times=6) == [200] * 10 + [429] * 2
    away = served("redis://127.0.0.1:1/0")
    assert ask(away, "/login", times=12) == [200] * 10 + [429] * 2
