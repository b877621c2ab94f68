"""Consent in a real browser: leaving a scope out, agreeing, taking it back under “my account”, being asked again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Page, expect

from idp.clients import registry
from idp.records import Client
from service.config import load_config
from service.wiring import Services
from tests.functional.test_pages import assert_in_order
from tests.functional.test_walk import log_in
from tests.support.demo import Federation
from tests.support.relying_party import RelyingParty, parse_return

CITY = "445100"
SCOPE = "openid profile phone offline_access"
MARKET = "114451008W15P11PMR"
NAME = "潮州办事试用版"


class Department:
    """A department's program on this machine: its address takes the answers."""

    def __init__(self, federation: Federation, page: Page, port: int, *, vetted: bool) -> None:
        callback = f"http://127.0.0.1:{port}/callback"
        client = Client(
            client_id=f"consent-{port}",
            name=NAME,
            department=MARKET,
            token_endpoint_auth_method="none",
            redirect_uris=(callback,),
            scopes=tuple(SCOPE.split()),
            registration_token=None if vetted else bytes(32),
        )
        with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
            registry.register(services.idp, client, actor="operator:test")
        described = {"client_id": client.client_id, "token_endpoint_auth_method": "none", "scope": SCOPE}
        self.party = RelyingParty(federation.url(CITY), described, callback)
        self.page = page

    @property
    def back(self) -> dict[str, str]:
        expect(self.page).to_have_title("done")
        return parse_return(self.page.url)

    def visit(self, **changes: str | None) -> None:
        self.page.goto(f"{self.party.metadata['authorization_endpoint']}?{urlencode(self.party.request(**changes))}")

    def tokens(self) -> dict[str, Any]:
        answer = self.party.redeem(self.back["code"])
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def person(self, tokens: dict[str, Any]) -> requests.Response:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        return requests.get(self.party.metadata["userinfo_endpoint"], headers=bearer, timeout=30)


class _Door(BaseHTTPRequestHandler):
    """Answers everything with a page that says nothing."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>done</title><link rel=icon href=data:,>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def door() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Door) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


WORDS = {
    "zh": {
        "title": "同意提供信息",
        "phone": "您的手机号码（可不提供）",
        "agree": "同意并继续",
        "withdraw": "撤回",
        "lasting": "您不在时也可使用",
        "section": "了解您信息的部门",
    },
    "en": {
        "title": "Allow access",
        "phone": "your phone number (optional)",
        "agree": "Allow and continue",
        "withdraw": "Withdraw",
        "lasting": "Also while you are away",
        "section": "Departments that know something of you",
    },
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_citizen_leaves_out_agrees_takes_back_and_is_asked_again(
    federation: Federation, page: Page, door: int, language: str
) -> None:
    department = Department(federation, page, door, vetted=True)
    words, base = WORDS[language], federation.url(CITY)
    page.goto(f"{base}/login?lang={language}")
    log_in(page, federation.account("citizen"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("陈晓潮")

    # 1. What is asked, in words, with one's own values masked; the phone is left out.
    department.visit(scope=SCOPE)
    expect(page.get_by_role("heading", level=1)).to_have_text(words["title"])
    expect(page.locator("main")).to_contain_text("陈**")
    assert_in_order(page, page.url)
    page.get_by_label(words["phone"]).uncheck()
    page.get_by_role("button", name=words["agree"]).click()
    tokens = department.tokens()
    assert tokens["scope"] == "openid profile offline_access"
    assert department.person(tokens).json().keys() & {"name", "phone_number"} == {"name"}

    # 2. Not asked again.
    department.visit(scope=SCOPE)
    assert "phone" not in department.tokens()["scope"].split()

    # 3. Taken back.
    page.goto(f"{base}/account?lang={language}")
    expect(page.get_by_role("heading", name=words["section"])).to_be_visible()
    row = page.locator("li").filter(has_text=NAME).filter(has=page.get_by_role("button", name=words["withdraw"]))
    expect(row).to_contain_text(words["lasting"])
    assert_in_order(page, page.url)
    row.get_by_role("button", name=words["withdraw"]).click()
    expect(row).to_have_count(0)
    assert department.person(tokens).status_code == 401

    # 4. Asked again, as if for the first time.
    department.visit(scope=SCOPE)
    expect(page.get_by_label(words["phone"])).to_be_checked()


def test_requirement_13_a_faulty_link_shows_a_page_with_a_button(federation: Federation, page: Page, door: int) -> None:
    department = Department(federation, page, door, vetted=False)
    department.visit(scope="nonsense")
    expect(page.get_by_role("heading", level=1)).to_have_text("没有登录")
    assert_in_order(page, page.url)
    page.get_by_role("link", name=re.compile("^返回")).click()
    assert department.back["error"] == "invalid_scope"
