"""A citizen, in by passkey, shows a licence at a counter, where an inspector's phone reads the code; sees who looked; takes a share back.

Other nodes' licences are asked for.
"""

from __future__ import annotations

import io
import re

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.functional.test_passkeys import authenticator, log_out
from tests.functional.test_walk import CITY, log_in
from tests.support.demo import Federation


def share(page: Page, purpose: str, *, once: bool) -> str:
    """Share the licence whose page is open and return the link."""
    page.get_by_label("用途").fill(purpose)
    page.get_by_label("只能打开一次").set_checked(once)
    page.get_by_role("button", name="生成链接").click()
    expect(page.get_by_role("img", name="出示证照的二维码")).to_be_visible()
    link = page.locator("code").filter(has_text="/share#").inner_text()
    page.get_by_role("link", name="完成").click()
    return link


def look(inspector: Page, link: str, name: str) -> None:
    inspector.goto("about:blank")
    inspector.goto(link)
    inspector.get_by_label("您的单位或姓名").fill(name)
    expect(inspector).to_have_url(re.compile(r"/share$"))  # the token has left the address bar
    inspector.get_by_role("button", name="查看").click()


def enter_by_passkey(page: Page, federation: Federation) -> None:
    """Make a passkey for the citizen and log in with it."""
    authenticator(page)
    page.goto(federation.url(CITY) + "/login")
    log_in(page, federation.account("citizen"))
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()
    page.goto(federation.url(CITY) + "/account/passkeys")
    page.get_by_label("名称").fill("柜台前的手机")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="通行密钥 · 柜台前的手机")).to_be_visible()
    log_out(page)
    page.evaluate("localStorage.clear()")
    page.goto(federation.url(CITY) + "/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()


def remove_passkey(page: Page, federation: Federation) -> None:
    page.goto(federation.url(CITY) + "/account/authenticators")
    row = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="柜台前的手机"))
    row.get_by_text("移除", exact=True).click()
    row.get_by_role("button", name="移除").click()
    expect(row).to_have_count(0)


def read_code(page: Page) -> str:
    """Return what the code on the screen says to whoever scans it."""
    page.locator(".cx-counter img").evaluate("code => code.decode()")  # drawn, and not only its place kept
    with Image.open(io.BytesIO(page.locator(".cx-counter").screenshot())) as picture:
        (code,) = zxingcpp.read_barcodes(picture)
    return code.text


def test_a_citizen_shows_a_licence_an_inspector_looks_and_the_citizen_takes_it_back(
    federation: Federation, page: Page, browser: Browser
) -> None:
    enter_by_passkey(page, federation)
    page.get_by_role("link", name="社会保障卡", exact=True).click()
    expect(page.get_by_role("heading", name="社会保障卡")).to_be_visible()

    phone = browser.new_context(viewport={"width": 360, "height": 720}, locale="zh-CN")
    inspector = phone.new_page()
    page.get_by_role("button", name="当面出示").click()
    look(inspector, read_code(page), "开元路社保窗口 林𠮷")
    expect(inspector.locator("[data-indication]")).to_have_attribute("data-indication", "TOTAL_PASSED")
    page.get_by_role("link", name="完成").click()
    link = share(page, "劳动监察现场核对", once=True)
    look(inspector, link, "湘桥区劳动监察 林𠮷")
    expect(inspector.locator("[data-indication]")).to_have_attribute("data-indication", "TOTAL_PASSED")
    expect(inspector.get_by_text("陈晓潮")).to_be_visible()
    expect(inspector.get_by_text("445102198806123626")).to_have_count(0)
    look(inspector, link, "湘桥区劳动监察 林𠮷")
    expect(inspector.get_by_text("这个链接打不开")).to_be_visible()
    page.reload()
    expect(page.get_by_text("湘桥区劳动监察 林𠮷（自称）打开了您的出示").first).to_be_visible()

    link = share(page, "要撤回的", once=False)
    look(inspector, link, "再来一次")
    expect(inspector.locator("[data-indication]")).to_be_visible()
    row = page.locator("li").filter(has=page.get_by_role("heading", name="要撤回的 可以打开"))
    row.get_by_role("button", name="撤回").click()
    expect(row).to_have_count(0)
    look(inspector, link, "再来一次")
    expect(inspector.get_by_text("这个链接打不开")).to_be_visible()
    phone.close()
    remove_passkey(page, federation)

    page.goto(federation.url(CITY) + "/account/licenses")
    page.get_by_role("link", name="查看所有节点的证照").click()
    for county in ("潮州市", "饶平县", "潮安区"):
        expect(page.get_by_role("heading", name=county)).to_be_visible()
    for trouble in ("联系不上", "答复不能采信"):
        expect(page.get_by_text(trouble)).to_have_count(0)
