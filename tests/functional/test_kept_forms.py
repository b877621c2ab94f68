"""A login runs out while somebody fills a form in: after the next one it is there again, filled in, for them alone and never sent by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pyotp
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from idp.browsers import sessions
from idp.storage import metadata
from tests.functional.test_accessibility import enter
from tests.functional.test_walk import log_in
from tests.support.lone_node import LoneNode

MARKET = "114451008W15P11PMR"
SESSIONS = metadata.tables["idp_sessions"]


def account_of(node: LoneNode, username: str) -> str:
    with node.services.idp.work.read() as work:
        account = work.records.find_username(username)
    assert account is not None
    return account.id


def arrive(page: Page, node: LoneNode, account: dict[str, Any]) -> Page:
    """Let somebody be logged in in a browser that the node knows."""
    page.goto(f"{node.url}/login?lang=zh")
    return enter(page.context, node.services, account["username"])


def test_a_form_of_the_console_waits_for_a_login_of_just_now(node: LoneNode, page: Page) -> None:
    secret = pyotp.random_base32()
    admin = node.add_account("waiting-admin", kind="security_admin", roles=("security_admin",), totp_secret=secret)
    citizen = node.add_account("waiting-citizen", name="王大明")
    page = arrive(page, node, admin)
    page.goto(f"{node.url}/admin/clients/new?lang=zh")
    for name, value in {"client_id": "waited-for", "name": "“办事”系统𠮷", "department": MARKET}.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#kind").select_option("service")
    with node.services.engine.begin() as connection:  # half an hour ago
        ago = int(timedelta(minutes=30).total_seconds()) * 1_000_000
        mine = SESSIONS.c.account_id == account_of(node, "waiting-admin")
        connection.execute(sa.update(SESSIONS).where(mine).values(auth_time=SESSIONS.c.auth_time - ago))
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page).to_have_url(re.compile(r"/login\?then=form-[\w-]+$"))
    expect(page.get_by_text("已经保留半小时")).to_be_visible()
    waits = page.url

    # 1. Somebody else logs in there: they come to their own home, and see nothing of it wherever they ask.
    log_in(page, citizen)
    expect(page).to_have_url(f"{node.url}/")
    page.goto(f"{node.url}/account?kept={waits.partition('form-')[2]}")
    expect(page.locator("main")).not_to_contain_text("办事")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="您已退出登录")).to_be_visible()

    # 2. Whose it is finds it filled in, and nothing done.
    page.goto(waits)
    log_in(page, admin)
    page.locator('input[autocomplete="one-time-code"]').fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_text("刚才那一步还没有提交")).to_be_visible()
    expect(page.locator("#name")).to_have_value("“办事”系统𠮷")
    expect(page.locator("#kind")).to_have_value("service")
    with node.services.idp.work.read() as work:
        assert work.records.find_client("waited-for") is None

    # 3. They send it; it waits no longer.
    shown = page.url
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("密钥只显示这一次")).to_be_visible()
    page.goto(shown)
    expect(page.locator("#name")).to_have_value("")


def test_a_form_of_the_account_waits_for_the_next_login(node: LoneNode, page: Page) -> None:
    citizen = node.add_account("waiting-holder", name="林思敏")
    page = arrive(page, node, citizen)
    page.goto(f"{node.url}/account/organizations?lang=zh")
    page.locator("#uscc").fill("91445100MA4X5YQ81𠮷")
    with node.services.idp.work.read() as work:
        (session,) = work.records.sessions(account_of(node, "waiting-holder"))
    sessions.end(node.services.idp, session, actor="test")
    page.get_by_role("button", name="核对并认领").click()
    expect(page.get_by_text("已经保留半小时")).to_be_visible()
    log_in(page, citizen)
    expect(page).to_have_url(re.compile(r"/account/organizations\?.*kept="))
    expect(page.locator("#uscc")).to_have_value("91445100MA4X5YQ81𠮷")
    expect(page.get_by_text("刚才那一步还没有提交")).to_be_visible()
    # Once more: what was typed last is what waits.
    page.locator("#uscc").fill("91445100MA4X5YQ82")
    with node.services.idp.work.read() as work:
        (session,) = work.records.sessions(account_of(node, "waiting-holder"))
    sessions.end(node.services.idp, session, actor="test")
    page.get_by_role("button", name="核对并认领").click()
    log_in(page, citizen)
    expect(page.locator("#uscc")).to_have_value("91445100MA4X5YQ82")
    claimed = metadata.tables["idp_representatives"]
    with node.services.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(claimed)).scalar_one() == 0
