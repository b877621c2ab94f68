"""A system is registered on the console's form, and what its page shows to begin with works as it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.functional.test_accessibility import enter
from tests.support.lone_node import LoneNode, lone_node

MARKET = "114451008W15P11PMR"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneNode]:
    with lone_node(tmp_path_factory.mktemp("wizard")) as made:
        made.add_account(
            "anquan",
            name="安全管理员",
            kind="security_admin",
            totp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            roles=("security_admin",),
        )
        with made.served():
            yield made


def fill(page: Page, node: LoneNode, kind: str, client_id: str, **fields: str) -> None:
    page.goto(f"{node.url}/admin/clients/new?lang=zh")
    page.locator("#kind").select_option(kind)
    for name, value in {"client_id": client_id, "name": "办事系统", "department": MARKET, **fields}.items():
        page.locator(f"#{name}").fill(value)
    page.get_by_role("button", name="登记", exact=True).click()


def test_a_developer_gets_a_token_by_the_snippet_that_is_shown(node: LoneNode, page: Page) -> None:
    page = enter(page.context, node.services, "anquan")
    fill(page, node, "service", "banshi-batch")
    secret = page.locator(".cx-alert .cx-mono").inner_text()
    snippet = page.locator('[data-snippet="token"]').inner_text()
    assert secret not in snippet
    done = subprocess.run(
        ["bash", "-c", snippet], env={"PATH": "/usr/bin:/bin", "CLIENT_SECRET": secret}, capture_output=True, check=True
    )
    assert json.loads(done.stdout)["token_type"] == "Bearer"
    page.goto(f"{node.url}/admin/clients/banshi-batch?lang=zh")
    expect(page.locator("main")).not_to_contain_text(secret)


def test_a_websites_snippet_is_a_program_that_sends_people_to_the_node(node: LoneNode, page: Page, tmp_path: Path) -> None:
    page = enter(page.context, node.services, "anquan")
    fill(page, node, "web", "banshi-web", redirect_uris="http://localhost:9300/callback")
    (tmp_path / "app.py").write_text(page.locator('[data-snippet="login"]').inner_text(), encoding="utf-8")
    program = "import app; answer = app.app.test_client().get('/login'); print(answer.headers['Location'])"
    environment = {"PATH": "/usr/bin:/bin", "CLIENT_SECRET": "x", "SESSION_KEY": "y", "AUTHLIB_INSECURE_TRANSPORT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{node.url}/oauth/authorize?")
    page.goto(done.stdout.strip())
    expect(page).to_have_url(re.compile(re.escape("http://localhost:9300/callback") + r"|/login"))


def test_what_was_typed_is_there_again_beside_what_is_wrong_with_it(node: LoneNode, page: Page) -> None:
    page = enter(page.context, node.services, "anquan")
    fill(page, node, "web", "banshi-other", redirect_uris="http://banshi.example/callback")
    expect(page.locator("#redirect_uris-error")).to_be_visible()
    expect(page.locator("#client_id")).to_have_value("banshi-other")
    expect(page.locator("#redirect_uris")).to_have_value("http://banshi.example/callback")
    fill(page, node, "key", "banshi-key", redirect_uris="https://banshi.example/callback", jwks="[" * 5000)
    expect(page.locator("#jwks-error")).to_be_visible()


def test_a_second_secret_is_added_and_the_older_dropped(node: LoneNode, page: Page) -> None:
    page = enter(page.context, node.services, "anquan")
    fill(page, node, "service", "banshi-rotating")
    first = page.locator(".cx-alert .cx-mono").inner_text()
    page.get_by_role("button", name="加第二个密钥").click()
    expect(page.locator(".cx-alert .cx-mono")).not_to_have_text(first)
    page.get_by_role("button", name="去掉旧密钥").click()
    expect(page.get_by_role("button", name="加第二个密钥")).to_be_visible()
    page.get_by_text("停用这个系统").first.click()
    expect(page.get_by_text("已发的令牌不再有效")).to_be_visible()
    page.get_by_role("button", name="停用这个系统").click()
    expect(page.locator("main")).to_contain_text("已停用")
    page.get_by_role("button", name="重新启用").click()
    expect(page.locator("main")).not_to_contain_text("已停用")
