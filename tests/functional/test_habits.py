"""What people do with a browser: the back button, two presses, two tabs, somebody else's login in between, the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.functional.test_accessibility import enter
from tests.functional.test_kept_forms import MARKET, account_of, arrive
from tests.functional.test_walk import log_in
from tests.support.lone_node import LoneNode

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_a_form_that_is_gone_back_to_and_sent_again_does_nothing_twice(node: LoneNode, page: Page) -> None:
    node.add_account("habits-admin", kind="security_admin", roles=("security_admin",), totp_secret=SECRET)
    page = enter(page.context, node.services, "habits-admin")
    page.goto(f"{node.url}/admin/clients/new?lang=zh")
    for name, value in {"client_id": "sent-twice", "name": "办事系统", "department": MARKET}.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#kind").select_option("service")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("密钥只显示这一次")).to_be_visible()
    page.go_back()
    expect(page.locator("#client_id")).to_be_visible()
    page.locator("#client_id").fill("sent-twice")
    page.locator("#name").fill("办事系统")
    page.locator("#department").fill(MARKET)
    page.locator("#kind").select_option("service")
    page.get_by_role("button", name="登记", exact=True).dblclick()
    expect(page.locator(".cx-error")).to_contain_text("已经登记")
    with node.services.idp.work.read() as work:
        assert [one.client_id for one in work.records.clients()].count("sent-twice") == 1


def test_a_page_of_ones_own_is_not_sent_as_somebody_who_logged_in_in_another_tab(node: LoneNode, page: Page) -> None:
    first, second = node.add_account("habits-first", name="陈晓潮"), node.add_account("habits-second", name="王大明")
    mine = arrive(page, node, first)
    mine.goto(f"{node.url}/account?lang=zh")
    page.goto(f"{node.url}/account?lang=zh")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="您已退出登录")).to_be_visible()
    page.goto(f"{node.url}/login?lang=zh")
    log_in(page, second)
    expect(page.get_by_role("heading", level=1)).to_contain_text("王大明")
    mine.get_by_text("在所有设备上退出").first.click()
    mine.get_by_role("button", name="在所有设备上退出").click()
    expect(mine.get_by_text("用另一个账号打开的")).to_be_visible()
    with node.services.idp.work.read() as work:
        sessions = work.records.sessions(account_of(node, "habits-second"))
    assert [one.ended_at for one in sessions] == [None]


def test_an_act_is_told_and_done_by_keyboard_alone(node: LoneNode, page: Page) -> None:
    node.add_account("habits-keyboard", name="林思敏")
    page = enter(page.context, node.services, "habits-keyboard")
    page.goto(f"{node.url}/account?lang=zh")
    page.get_by_text("在所有设备上退出").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("之后要重新登录")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("您已退出登录")).to_be_visible()
