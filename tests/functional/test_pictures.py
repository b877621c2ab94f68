"""Walks the demo as the documents tell it and takes their pictures anew; only when asked: ``CHAOXIN_SCREENSHOTS=1 make test TESTS=<this file>``.

Left to others: that the documents and the pictures fit each other (``tests/unit/test_documents.py``), and what the pages do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from licenses.documents import parse
from tests.functional.test_walk import CHAOAN, CITY, log_in, take_back_consent
from tests.functional.test_wallet import read_code
from tests.support.demo import Federation, one_time_code
from tests.support.pictures import keep, keep_document

DESK, PHONE = (1280, 800), (360, 800)


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    yield from _window(browser, *DESK)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    yield from _window(browser, *PHONE)


def _window(browser: Browser, width: int, height: int) -> Iterator[Page]:
    context = browser.new_context(
        reduced_motion="reduce",
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": width, "height": height},
        color_scheme="light",
    )
    yield context.new_page()
    context.close()


def enter(page: Page, base: str, account: dict[str, Any], name: str | None = None) -> None:
    """Log in as people do; keep the page that asks for the second factor as ``name``."""
    page.goto(base + "/login")
    log_in(page, account)
    if account["totp_secret"]:
        code = page.locator('input[autocomplete="one-time-code"]')
        code.wait_for()
        if name:
            keep(name, page)
        code.fill(one_time_code(account))
        page.locator('form:has(input[autocomplete="one-time-code"]) button[type="submit"]').click()
    page.wait_for_url(base + "/")


def test_a_citizen_at_the_phone(federation: Federation, phone: Page) -> None:
    page, base = phone, federation.url(CITY)
    page.goto(base + "/login")
    keep("citizen-login", page)
    enter(page, base, federation.account("citizen"))
    keep("citizen-home", page)
    page.get_by_role("link", name="社会保障卡", exact=True).click()
    expect(page.get_by_role("button", name="当面出示")).to_be_visible()
    held = page.url
    keep("citizen-license", page)
    page.get_by_role("button", name="当面出示").click()
    page.locator(".cx-counter img").wait_for()
    keep("citizen-counter", page)
    page.goto(held)
    page.locator("#purpose").fill("租房时给房东核对")
    keep("citizen-share", page, page.get_by_role("heading", name="出示给别人"))
    page.get_by_role("button", name="生成链接").click()
    page.wait_for_load_state()
    keep("citizen-shared", page)
    for name, path in (("account", ""), ("authenticators", "/authenticators"), ("level", "/level"), ("history", "/history")):
        page.goto(f"{base}/account{path}")
        keep(f"citizen-{name}", page)


def test_a_department_and_its_user(federation: Federation, desk: Page) -> None:
    page = desk
    page.goto(federation.site_url(4))
    keep("developer-site", page)
    enter(page, federation.url(CITY), federation.account("citizen"))
    take_back_consent(page, federation, "潮州市人力资源和社会保障局")
    page.goto(federation.site_url(4))
    page.get_by_role("link", name="用潮信统一身份认证登录").click()
    expect(page.get_by_role("heading", name="进入潮州市人力资源和社会保障局")).to_be_visible()
    keep("developer-consent", page)
    page.get_by_role("button", name="进入", exact=True).click()
    expect(page).to_have_url(federation.site_url(4))
    keep("developer-entered", page)


LICENCES = {
    "社会保障卡": "social-security", "不动产权证书": "real-estate", "营业执照": "business", "食品经营许可证": "food",
    "道路运输经营许可证": "transport", "卫生许可证": "hygiene", "残疾人证": "disability",
}  # fmt: skip


def test_the_seven_licences(federation: Federation) -> None:
    kept: set[str] = set()
    for entry in federation.description["licenses"]:
        file = federation.root / entry["file"]
        data = parse(file.read_bytes()).data
        if data is not None and data.type_name not in kept:
            kept.add(data.type_name)
            keep_document(f"license-{LICENCES[data.type_name]}", file)
    assert kept == LICENCES.keys()


def test_a_clerk_at_the_window(federation: Federation, desk: Page) -> None:
    page, base = desk, federation.url(CITY)
    enter(page, base, federation.account("staff"))
    page.get_by_role("link", name="窗口", exact=True).first.click()
    keep("clerk-window", page)
    page.locator("#person").fill("445102198806123626")
    page.get_by_role("button", name="查找").click()
    page.locator("#resident_id").wait_for()
    keep("clerk-found", page, page.get_by_role("heading", name="找到的账号"))
    page.locator("#name").fill("陈晓潮")
    page.locator("#resident_id").fill("445102198806123626")
    page.get_by_role("button", name="本人到场，证件相符").click()
    page.get_by_text("已经办好").wait_for()
    keep("clerk-done", page)


def test_a_kiosk_in_a_hall(federation: Federation, desk: Page, phone: Page) -> None:
    enter(phone, federation.url(CITY), federation.account("citizen"))
    desk.goto(federation.description["kiosks"][0]["url"])
    desk.get_by_role("button", name="开始").click()
    desk.locator(".cx-counter img").wait_for()
    keep("clerk-kiosk", desk)
    phone.goto(read_code(desk))
    phone.get_by_role("button", name="继续").click()
    phone.get_by_role("button", name="代码一致，同意").wait_for()
    keep("citizen-kiosk", phone)
    phone.get_by_role("button", name="代码一致，同意").click()
    desk.get_by_role("heading", name="陈晓潮，您好").wait_for()
    keep("clerk-kiosk-home", desk)


def test_a_security_admin_at_the_console(federation: Federation, desk: Page) -> None:
    page, base = desk, federation.url(CITY)
    enter(page, base, federation.account("security_admin"), "admin-second-factor")
    for name, path in (("overview", "/"), ("federation", "/federation"), ("clients", "/clients"), ("approvals", "/approvals")):
        page.goto(f"{base}/admin{path}")
        keep(f"admin-{name}", page)
    page.goto(base + "/admin/federation")
    page.get_by_role("link", name="打开协议").first.click()
    page.wait_for_load_state()
    keep("admin-agreement", page)
    for name in ("people", "audit"):
        page.goto(f"{base}/admin/{name}")
        keep(f"admin-{name}", page)
    page.goto(base + "/admin/clients/new")
    page.locator("#client_id").fill("banshi-web")
    page.locator("#name").fill("办事系统")
    page.locator("#department").fill("114451008W15P11PMR")
    page.locator("#redirect_uris").fill("https://banshi.example.cn/callback")
    keep("developer-form", page, page.locator("header"))
    page.get_by_role("button", name="登记", exact=True).click()
    secret = page.locator(".cx-alert .cx-mono")
    secret.wait_for()
    secret.evaluate("element => { element.textContent = '••••••••••••' }")  # a secret is none in a picture
    keep("developer-registered", page)


def test_a_verdict_the_graph_and_a_plan(federation: Federation, desk: Page, tmp_path: Path) -> None:
    page = desk
    page.goto(federation.url(CHAOAN) + "/verify")
    page.locator('input[type="file"]').set_input_files(federation.license_file(CITY))
    page.get_by_role("button", name="验证", exact=True).click()
    expect(page.locator("[data-indication]")).to_have_attribute("data-indication", re.compile("TOTAL_PASSED"))
    keep("verdict", page)
    federation.command(CHAOAN, "crosscert", "graph", "--svg", str(tmp_path / "graph.svg"))
    page.goto((tmp_path / "graph.svg").as_uri())
    keep("trust", page.locator("svg"))
    district, description = tmp_path / "district", tmp_path / "description.json"
    places = (
        "--province",
        "广东省",
        "--city",
        "潮州市",
        "--county",
        "湘桥区",
        "--url",
        "https://xiangqiao.example",
        "--port",
        "8109",
    )
    federation.command(CITY, "init", str(district), "--code", "445102", "--name", "湘桥区", *places)
    described = ("--config", str(district / "chaoxin.toml"), "crosscert", "describe", "--out", str(description))
    federation.command(CITY, *described)
    plan = federation.command(CITY, "crosscert", "plan", "--peer-description", str(description)).stdout
    page.goto("about:blank")  # the page before was a drawing, which has no body to write to
    page.set_content(f'<pre style="display: inline-block; margin: 0; padding: 1em; font-size: 14px">{escape(plan)}</pre>')
    keep("plan", page.locator("pre"))
