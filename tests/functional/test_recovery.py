"""Recovery over real servers: a citizen on a phone, a real mail server, a passkey as second proof, a day's wait, a new password."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kernel.clock import to_micros
from tests.functional.test_messages import Box, smtp_server
from tests.functional.test_pages import LACKS
from tests.functional.test_passkeys import authenticator, log_out
from tests.functional.test_walk import log_in
from tests.support.browser import Watch
from tests.support.demo import one_time_code
from tests.support.lone_node import LoneNode, lone_node

NEW = "tides come in and tides go out"


@pytest.fixture(scope="module")
def mailed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LoneNode, Box]]:
    """A node whose messages go to a real mail server on this machine."""
    with smtp_server() as (box, port):
        folder = tmp_path_factory.mktemp("mailed")
        with lone_node(folder) as made:
            config = folder / "chaoxin.toml"
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


def test_a_citizen_registers_by_mail_binds_an_application_and_comes_in_by_a_recovery_code(
    mailed: tuple[LoneNode, Box], phone: BrowserContext
) -> None:
    node, box = mailed
    account, page = {"username": "weng@example.cn", "password": NEW}, phone.new_page()

    # 1. Registered, by keyboard alone.
    page.goto(f"{node.url}/register")
    for typed in ("翁𬱖", "445102197105193010", account["username"], NEW):
        page.keyboard.insert_text(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.locator('input[autocomplete="one-time-code"]').fill(code_in(page, box))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="翁𬱖，您好")).to_be_visible()

    # 2. An application, and codes for when it is lost.
    page.goto(f"{node.url}/account/totp")
    account["totp_secret"] = page.locator(".cx-mono").inner_text()
    page.locator('input[autocomplete="one-time-code"]').fill(one_time_code(account))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="生成恢复码").click()
    log_in(page, account)  # as surely as there is a way for now
    page.locator('input[autocomplete="one-time-code"]').fill(one_time_code(account))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="生成恢复码").click()
    code = page.locator("[data-recovery-codes] code").first.inner_text()

    # 3. It is lost.
    page.goto(f"{node.url}/account")
    log_out(page)
    page.goto(f"{node.url}/login?then=authenticators")
    log_in(page, account)
    page.locator('input[autocomplete="one-time-code"]').fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_text("用掉了一个恢复码，还剩9个。")).to_be_visible()


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
