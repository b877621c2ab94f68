"""Recovery over real servers: a citizen on a phone, a real mail server, a passkey as second proof, a day's wait, a new password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kernel.clock import to_micros
from tests.functional.test_messages import Box, smtp_server
from tests.functional.test_pages import LACKS
from tests.functional.test_passkeys import authenticator, log_out
from tests.functional.test_walk import log_in
from tests.support.browser import Watch
from tests.support.lone_node import LoneNode, lone_node

NEW = "tides come in and tides go out"


@pytest.fixture
def mailed(tmp_path: Path) -> Iterator[tuple[LoneNode, Box]]:
    """A node whose messages go to a real mail server on this machine."""
    with smtp_server() as (box, port):
        (tmp_path / "node").mkdir()
        with lone_node(tmp_path / "node") as made:
            config = tmp_path / "node" / "chaoxin.toml"
            mail = f'\n[mail]\nhost = "127.0.0.1"\nport = {port}\nsender = "node@example.cn"\ntls = "none"\n'
            config.write_text(config.read_text(encoding="utf-8") + mail, encoding="utf-8")
            with made.served():
                yield made, box


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone's screen."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    watch = Watch(context)
    yield context
    context.close()
    assert watch.faults == []


def code_in(page: Page, box: Box) -> str:
    """Return the code that came last, once the page asks for it."""
    expect(page.locator('input[autocomplete="one-time-code"]')).to_be_visible()
    texts = [message.get_content() for message in box.arrived]
    return next(found[1] for text in reversed(texts) if (found := re.search(r"验证码 (\d{6})", text)))


def prepare(page: Page, base: str, box: Box) -> None:
    """Confirm an address and enrol a passkey."""
    page.goto(f"{base}/account/contacts/email")
    page.locator('input[autocomplete="email"]').fill("citizen@example.cn")
    page.keyboard.press("Enter")
    page.locator('input[autocomplete="one-time-code"]').fill(code_in(page, box))
    page.keyboard.press("Enter")
    expect(page.get_by_text("已确认")).to_be_visible()
    page.get_by_role("link", name="添加通行密钥").click()
    page.get_by_label("名称").fill("我的手机")
    page.keyboard.press("Enter")
    expect(page.get_by_text("通行密钥 · 我的手机")).to_be_visible()


def test_a_citizen_who_forgot_the_password_is_back_after_a_day(mailed: tuple[LoneNode, Box], phone: BrowserContext) -> None:
    node, box = mailed
    account, base, page = node.add_account(), node.url, phone.new_page()
    devices, device = authenticator(page)
    page.goto(f"{base}/login")
    log_in(page, account)
    prepare(page, base, box)
    page.goto(f"{base}/account")
    log_out(page)

    # 1. and 2. The code comes by mail.
    page.goto(f"{base}/recovery")  # the login page, which links there, would let the passkey in at once
    assert page.evaluate(LACKS) == []
    page.locator('input[autocomplete="username"]').fill("chenxiaochao")
    page.keyboard.press("Enter")
    page.locator('input[autocomplete="one-time-code"]').fill(code_in(page, box))
    page.keyboard.press("Enter")

    # 3. The passkey is the second proof; the day begins, and the mail says so.
    expect(page.get_by_text("请再用一种方式证明是您本人")).to_be_visible()
    assert page.evaluate(LACKS) == []
    page.get_by_role("button", name="用通行密钥证明").click()
    expect(page.get_by_role("heading", name="请等候")).to_be_visible()
    assert page.evaluate(LACKS) == []
    devices.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
    with node.services.engine.begin() as connection:
        due = to_micros(node.services.clock.now())
        connection.execute(sa.text("update idp_recoveries set due_at = :due where step = 'waiting'"), {"due": due})

    # 4. A day later.
    page.reload()
    page.get_by_role("button", name="发送验证码").click()
    assert page.evaluate(LACKS) == []
    page.locator('input[autocomplete="one-time-code"]').fill(code_in(page, box))
    page.locator('input[autocomplete="new-password"]').fill(NEW)
    page.get_by_role("button", name="设置新口令").click()
    expect(page.get_by_role("heading", name="已经找回")).to_be_visible()
    page.get_by_role("link", name="登录").last.click()
    log_in(page, account | {"password": NEW})
    expect(page.get_by_role("heading", name="登录方式")).to_be_visible()
    assert any("24小时后可以设置新口令" in message.get_content() for message in box.arrived)
