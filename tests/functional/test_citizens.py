"""Citizens from nothing, in a real browser: registered with a code by SMS, matched, checked, seen by a clerk at a window; one person, one account."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from service.demo import plan
from tests.functional.test_walk import log_in
from tests.support.demo import Federation, one_time_code
from tests.support.idp import PASSWORD

CITY = "445100"
NAME, NUMBER, MOBILE = "许䶮", "445102199508260029", "13900000021"
TWICE, TWICE_NUMBER, OLD_MOBILE, NEW_MOBILE = "翁𬱖", "445102197105193010", "13900000031", "13900000032"


def code_sent_to(federation: Federation, page: Page, number: str) -> str:
    """Return the code that the demo's SMS gateway took last for a number."""
    shown = page.request.get(federation.site_url(plan.REGISTER) + "messages").text()
    found = re.search(rf"<dt>{number}</dt><dd>[^<]*验证码 (\d{{6}})", shown)
    assert found is not None, shown
    return found[1]


def register(federation: Federation, page: Page, name: str = NAME, number: str = NUMBER, mobile: str = MOBILE) -> None:
    """Register in three clicks."""
    page.goto(federation.url(CITY) + "/")
    page.get_by_role("link", name="注册").click()
    page.get_by_label("姓名").fill(name)
    page.get_by_label("身份证号码").fill(number)
    page.get_by_label("手机号").fill(mobile)
    page.locator('input[autocomplete="new-password"]').fill(PASSWORD)
    page.get_by_role("button", name="发送验证码").click()
    expect(page.get_by_label("验证码")).to_be_visible()  # so it was sent
    page.get_by_label("验证码").fill(code_sent_to(federation, page, mobile))
    page.get_by_role("button", name="完成注册").click()
    expect(page.get_by_role("heading", name=f"{name}，您好")).to_be_visible()


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
    check_document(federation, page)
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


def check_document(federation: Federation, page: Page) -> None:
    page.get_by_role("button", name="核验证件和人像").click()
    page.get_by_role("link", name="前往核验").click()
    expect(page).to_have_url(re.compile(rf":{federation.first_port + plan.REGISTER}/documents/pages/"))
    page.get_by_role("button", name="人证相符").click()


def test_who_has_two_accounts_has_one_by_the_surer_proof(federation: Federation, page: Page, browser: Browser) -> None:
    level = federation.url(CITY) + "/account/level"
    with browser.new_context(locale="zh-CN") as years_ago:
        # 1. An account of long ago, with a telephone that is gone, holds the number.
        old = years_ago.new_page()
        register(federation, old, TWICE, TWICE_NUMBER, OLD_MOBILE)
        old.goto(level)
        old.get_by_role("button", name="与人口库核对").click()
        is_at(old, 3)

        # 2. As good a proof takes nothing from it: the page tells nobody that there is another account, and what to do.
        register(federation, page, TWICE, TWICE_NUMBER, NEW_MOBILE)
        page.goto(level)
        page.get_by_role("button", name="与人口库核对").click()
        expect(page.get_by_role("alert")).to_contain_text("请用更高等级的办法证明身份")
        is_at(page, 2)

        # 3. A surer one does: the other account is over, in its browser too.
        check_document(federation, page)
        is_at(page, 4)
        old.goto(level)
        expect(old).to_have_url(re.compile("/login"))


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
