"""Recovery over real servers: a citizen on a phone, a real mail server, a passkey as second proof or a clerk at a window, a day's wait, a new password."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kernel.clock import to_micros
from tests.functional.test_messages import Box, smtp_server
from tests.functional.test_pages import lacks
from tests.functional.test_passkeys import authenticator, log_out
from tests.functional.test_walk import log_in
from tests.support.browser import Watch
from tests.support.demo import one_time_code
from tests.support.lone_node import LoneNode, lone_node
from tests.support.relying_party import RelyingParty

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
    """Return the code that comes once the page asks for it: some pages do not wait until it is sent."""
    expect(page.locator('input[autocomplete="one-time-code"]')).to_be_visible()
    return box.codes.get(timeout=60)


def assert_told(box: Box, address: str, text: str) -> None:
    """See that somebody is told something; nobody's page waits for it."""
    deadline = time.monotonic() + 60
    while not any(message["To"] == address and text in message.get_content() for message in box.arrived):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def confirm_address(page: Page, base: str, box: Box, address: str) -> None:
    page.goto(f"{base}/account/contacts/email")
    page.locator('input[autocomplete="email"]').fill(address)
    page.keyboard.press("Enter")
    type_code(page, code_in(page, box))
    expect(page.get_by_text("已确认")).to_be_visible()


def type_code(page: Page, code: str) -> None:
    page.locator('input[autocomplete="one-time-code"]').fill(code)
    page.keyboard.press("Enter")


def prepare(page: Page, base: str, box: Box) -> None:
    """Confirm an address and enrol a passkey."""
    confirm_address(page, base, box, "citizen@example.cn")
    page.get_by_role("link", name="添加通行密钥").click()
    page.get_by_label("名称").fill("我的手机")
    page.keyboard.press("Enter")
    expect(page.get_by_text("通行密钥 · 我的手机")).to_be_visible()


def let_a_day_pass(node: LoneNode) -> None:
    """Let the recoveries that wait be due."""
    with node.services.engine.begin() as connection:
        due = to_micros(node.services.clock.now())
        connection.execute(sa.text("update idp_recoveries set due_at = :due where step in ('waiting', 'window')"), {"due": due})


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
    assert lacks(page) == []
    page.locator('input[autocomplete="username"]').fill("chenxiaochao")
    page.keyboard.press("Enter")
    page.locator('input[autocomplete="one-time-code"]').fill(code_in(page, box))
    page.keyboard.press("Enter")

    # 3. The passkey is the second proof; the day begins, and the mail says so.
    expect(page.get_by_text("请再用一种方式证明是您本人")).to_be_visible()
    assert lacks(page) == []
    page.get_by_role("button", name="用通行密钥证明").click()
    expect(page.get_by_role("heading", name="请等候")).to_be_visible()
    assert lacks(page) == []
    devices.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
    let_a_day_pass(node)

    # 4. A day later.
    page.reload()
    page.get_by_role("button", name="发送验证码").click()
    expect(page.locator('input[autocomplete="new-password"]')).to_be_visible()
    assert lacks(page) == []
    page.locator('input[autocomplete="one-time-code"]').fill(code_in(page, box))
    page.locator('input[autocomplete="new-password"]').fill(NEW)
    page.get_by_role("button", name="设置新口令").click()
    expect(page.get_by_role("heading", name="已经找回")).to_be_visible()
    page.get_by_role("link", name="登录").last.click()
    log_in(page, account | {"password": NEW})
    expect(page.get_by_role("heading", name="登录方式")).to_be_visible()
    assert_told(box, "citizen@example.cn", "24小时后可以设置新口令")


CAI = {"username": "caidehou", "name": "蔡德厚", "resident_id": "445102196709222033"}
CLERK = {"username": "chenbanshi", "kind": "staff", "name": "陈办事", "resident_id": "445102199101054047", "roles": ("clerk",)}


def test_a_citizen_who_lost_everything_is_back_by_the_window(
    mailed: tuple[LoneNode, Box], phone: BrowserContext, browser: Browser
) -> None:
    node, box = mailed
    account = node.add_account(**CAI, real_name_level=4, phone=None, totp_secret=pyotp.random_base32())
    clerk = node.add_account(**CLERK, phone=None, totp_secret=pyotp.random_base32())
    department = RelyingParty(node.url, node.add_client("scjg", redirect_uris=("http://127.0.0.1:9000/cb",)))
    with browser.new_context(locale="zh-CN") as lost, browser.new_context(locale="zh-CN") as desk:
        # What was open when it was lost: a session with a confirmed address, a department's tokens, and a login on its half way.
        old = lost.new_page()
        old.goto(f"{node.url}/login?then=authenticators")
        log_in(old, account)
        type_code(old, one_time_code(account))
        expect(old.get_by_role("heading", name="登录方式")).to_be_visible()
        confirm_address(old, node.url, box, "cai@example.cn")
        back = department.authorize(department.browser(), account, scope="openid offline_access")
        tokens = department.redeem(back["code"]).json()
        half = phone.new_page()
        half.goto(f"{node.url}/login")
        log_in(half, account)
        expect(half.locator('input[autocomplete="one-time-code"]')).to_be_visible()

        # 1. At the window: a clerk sees person and document, and writes a slip.
        username, code = slip_from(desk.new_page(), node, clerk)
        assert username == account["username"]

        # 2. At home, on another phone: the way is found from the login page, and a day is to be waited for.
        page = phone.new_page()
        page.goto(f"{node.url}/login")
        page.get_by_role("link", name="忘记口令").click()
        page.get_by_role("link", name="已在服务窗口办理，有窗口给的代码").click()
        for turn in ("early", "due"):
            expect(page.locator('input[autocomplete="new-password"]')).to_be_visible()
            assert lacks(page) == []
            page.locator('input[autocomplete="username"]').fill(username)
            page.locator('input[autocomplete="one-time-code"]').fill(code)
            page.locator('input[autocomplete="new-password"]').fill(NEW)
            page.keyboard.press("Enter")
            if turn == "early":
                expect(page.get_by_role("alert")).to_contain_text("大约还有24小时")
                let_a_day_pass(node)
        expect(page.get_by_role("heading", name="已经找回")).to_be_visible()

        # 3. What was open is over, the login on its half way too.
        assert_over(department, tokens)
        old.reload()
        expect(old.locator('input[autocomplete="current-password"]')).to_be_visible()
        log_in(old, account)
        expect(old.get_by_role("alert")).to_contain_text("用户名或口令不正确")
        type_code(half, pyotp.TOTP(account["totp_secret"]).now())
        expect(half.locator("main")).to_contain_text("这次登录已经完成或超时")

        # 4. In anew, to enrol what was lost.
        page.get_by_role("link", name="登录").last.click()
        log_in(page, account | {"password": NEW})
        expect(page.get_by_role("heading", name="登录方式")).to_be_visible()
        expect(page.get_by_text("通过找回设置了新口令").first).to_be_visible()
        assert lacks(page) == []
    assert_told(box, "cai@example.cn", "24小时后可以设置新口令")


def assert_over(department: RelyingParty, tokens: dict[str, str]) -> None:
    refused = department.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert refused.json()["error"] == "invalid_grant"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert requests.get(department.metadata["userinfo_endpoint"], headers=bearer, timeout=30).status_code == 401


def slip_from(page: Page, node: LoneNode, clerk: dict[str, Any]) -> tuple[str, str]:
    """Return what a clerk writes down for whoever comes to the window: username and code."""
    page.goto(f"{node.url}/login?then=window")
    log_in(page, clerk)
    type_code(page, one_time_code(clerk))
    page.get_by_label("身份证号码或代码").fill(CAI["resident_id"])
    page.get_by_label("办理事项").select_option(label="找回账号")
    page.get_by_role("button", name="查找").click()
    card = page.locator("form", has=page.get_by_role("button", name="生成找回代码"))
    expect(card).to_contain_text("蔡*")
    expect(card).not_to_contain_text(CAI["username"])
    assert lacks(page) == []
    card.get_by_label("证件上的姓名").fill(CAI["name"])
    card.get_by_label("证件上的号码").fill(CAI["resident_id"])
    card.get_by_role("button", name="生成找回代码").click()
    expect(page.get_by_role("heading", name="找回账号的代码")).to_be_visible()
    assert lacks(page) == []
    return page.locator(".cx-mono").first.inner_text(), page.locator(".cx-big").inner_text()
