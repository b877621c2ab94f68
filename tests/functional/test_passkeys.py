"""Passkeys in a real browser with a virtual authenticator: enrolled by keyboard, used with and without a click, removed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.functional.test_pages import lacks
from tests.functional.test_walk import log_in
from tests.support.browser import Watch
from tests.support.demo import Federation

CITY = "445100"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone's screen."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    watch = Watch(context)
    yield context
    context.close()
    assert watch.faults == []


def authenticator(page: Page) -> tuple[CDPSession, str]:
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable", {"enableUI": False})
    return devices, devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]


def log_out(page: Page) -> None:
    page.locator('form[action$="/logout"] button').first.click()
    expect(page.get_by_role("heading", name="您已退出登录")).to_be_visible()


def test_a_citizen_enrols_a_passkey_logs_in_with_it_and_removes_it(federation: Federation, phone: BrowserContext) -> None:
    page, base = phone.new_page(), federation.url(CITY)
    devices, device = authenticator(page)
    page.goto(f"{base}/login")
    log_in(page, federation.account("citizen"))
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()

    # 1. Enrolled, by keyboard alone.
    page.goto(f"{base}/account/authenticators")
    assert lacks(page) == []
    page.get_by_role("link", name="添加通行密钥").click()
    page.get_by_label("名称").fill("我的手机")
    assert lacks(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="通行密钥 · 我的手机")).to_be_visible()
    assert len(devices.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1

    # 2. Used by its button; once it was used here, the browser offers it by itself.
    log_out(page)
    page.evaluate("localStorage.clear()")
    page.goto(f"{base}/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()
    expect(page.get_by_text("双重验证")).to_be_visible()
    log_out(page)
    page.goto(f"{base}/login")
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()

    # 3. A user who was not verified is told so on the page, and the password still does.
    log_out(page)
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.evaluate("localStorage.clear()")
    page.goto(f"{base}/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_text("没有用成通行密钥")).to_be_visible()
    log_in(page, federation.account("citizen"))
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()

    # 4. What a password opens does not change what is stronger: the passkey is asked for before it is removed.
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.goto(f"{base}/account/authenticators")
    row = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="通行密钥"))
    row.get_by_text("移除", exact=True).click()
    row.get_by_role("button", name="移除").click()
    expect(page.get_by_text("已经保留半小时")).to_be_visible()
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_text("刚才那一步还没有提交")).to_be_visible()
    row.get_by_role("button", name="移除").click()  # told already: it was unfolded again
    expect(page.get_by_text("通行密钥“我的手机”已移除")).to_be_visible()
    expect(row).to_have_count(0)


def test_the_pages_for_passwords_and_codes_fit_a_phone(federation: Federation, phone: BrowserContext) -> None:
    page, base = phone.new_page(), federation.url(CITY)
    page.goto(f"{base}/login")
    log_in(page, federation.account("citizen"))
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()
    for path in ("/account", "/account/authenticators", "/account/password", "/account/totp", "/account/passkeys"):
        page.goto(f"{base}{path}?lang=zh")  # in English they are walked by keyboard
        assert lacks(page) == [], path
    page.goto(f"{base}/account/password?lang=zh")
    page.get_by_label("新口令").fill("to be looked at")
    page.get_by_label("显示口令").check()
    expect(page.get_by_label("新口令")).to_have_attribute("type", "text")
