"""A citizen from nothing to level 5, in a real browser: registered with a code by SMS, matched, checked, and seen by a clerk at a window."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from service.demo import plan
from tests.functional.test_walk import log_in
from tests.support.demo import Federation, one_time_code
from tests.support.idp import PASSWORD

CITY = "445100"
NAME, NUMBER, MOBILE = "许䶮", "445102199508260029", "13900000021"


def code_sent_to(federation: Federation, page: Page, number: str) -> str:
    """Return the code that the demo's SMS gateway took last for a number."""
    shown = page.request.get(federation.site_url(plan.REGISTER) + "messages").text()
    found = re.search(rf"<dt>{number}</dt><dd>[^<]*验证码 (\d{{6}})", shown)
    assert found is not None, shown
    return found[1]


def register(federation: Federation, page: Page) -> None:
    """Register in three clicks."""
    page.goto(federation.url(CITY) + "/")
    page.get_by_role("link", name="注册").click()
    page.get_by_label("姓名").fill(NAME)
    page.get_by_label("身份证号码").fill(NUMBER)
    page.get_by_label("手机号").fill(MOBILE)
    page.locator('input[autocomplete="new-password"]').fill(PASSWORD)
    page.get_by_role("button", name="发送验证码").click()
    page.get_by_label("验证码").fill(code_sent_to(federation, page, MOBILE))
    page.get_by_role("button", name="完成注册").click()
    expect(page.get_by_role("heading", name=f"{NAME}，您好")).to_be_visible()


def is_at(page: Page, level: int) -> None:
    expect(page.locator('[aria-current="step"]')).to_contain_text(f"{level}级")


def test_a_citizen_registers_and_rises_to_level_5_at_a_window(federation: Federation, page: Page, browser: Browser) -> None:
    # 1. Registered in three clicks, at level 2.
    register(federation, page)
    level = federation.url(CITY) + "/account/level"
    page.goto(level)
    is_at(page, 2)

    # 2. The population register does not know the wrong name, and knows the right one, rare character and all.
    page.get_by_label("姓名").fill("许龚")
    page.get_by_role("button", name="与人口库核对").click()
    expect(page.get_by_role("alert")).to_contain_text("没有通过核对")
    page.get_by_label("姓名").fill(NAME)
    page.get_by_role("button", name="与人口库核对").click()
    is_at(page, 3)

    # 3. Document and face are checked on another server's page, whose signed answer counts.
    page.get_by_role("button", name="核验证件和人像").click()
    page.get_by_role("link", name="前往核验").click()
    expect(page).to_have_url(re.compile(rf":{federation.first_port + plan.REGISTER}/documents/pages/"))
    page.get_by_role("button", name="人证相符").click()
    is_at(page, 4)

    # 4. A code for the window; the clerk finds its owner by it, sees little, and types what the document says.
    page.get_by_role("button", name="到窗口办理").click()
    code = page.locator(".cx-big").inner_text()
    with browser.new_context(locale="zh-CN") as desk:
        clerk = desk.new_page()
        prove_at_window(federation, clerk, code)
    page.goto(level)
    is_at(page, 5)
    page.goto(federation.url(CITY) + "/account/authenticators")
    expect(page.get_by_text("办事员查找了您的账号，事项：提升实名等级")).to_be_visible()


def prove_at_window(federation: Federation, page: Page, code: str) -> None:
    clerk = federation.account("staff")
    page.goto(federation.url(CITY) + "/login?then=window")
    log_in(page, clerk)
    page.locator('input[autocomplete="one-time-code"]').fill(one_time_code(clerk))
    page.locator('form:has(input[autocomplete="one-time-code"]) button[type="submit"]').click()
    expect(page).to_have_url(federation.url(CITY) + "/admin/window")
    page.get_by_label("身份证号码或代码").fill(code)
    page.get_by_role("button", name="查找").click()
    card = page.locator("form", has=page.get_by_role("button", name="本人到场，证件相符"))
    expect(card).to_contain_text("许*")
    expect(card).not_to_contain_text(NAME)
    page.get_by_label("证件上的姓名").fill(NAME)
    page.get_by_label("证件上的号码").fill(NUMBER)
    page.get_by_label("证件有效期至").fill("2040-01-01")
    page.get_by_role("button", name="本人到场，证件相符").click()
    expect(page.get_by_text("实名等级现在是5级")).to_be_visible()
