"""The first thing anyone sees, in a real browser: one login, a second department without one, a licence, a verdict elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from service import jobs
from service.config import load_config
from service.wiring import Services
from tests.support.demo import Federation, one_time_code

CITY, RAOPING, CHAOAN = "445100", "445122", "445103"


def log_in(page: Page, account: dict[str, str]) -> None:
    page.locator('input[autocomplete="username"]').fill(account["username"])
    page.locator('input[autocomplete="current-password"]').fill(account["password"])
    page.locator('form:has(input[autocomplete="current-password"]) button[type="submit"]').click()


def take_back_consent(page: Page, federation: Federation, department: str) -> None:
    """Have a department ask anew, whatever the person who is logged in agreed to in tests before."""
    page.goto(federation.url(CITY) + "/account")
    row = page.locator("li").filter(has_text=department).filter(has=page.get_by_role("button", name="撤回"))
    if row.count():
        row.get_by_role("button", name="撤回").click()
        expect(row).to_have_count(0)


def test_a_citizen_logs_in_once_enters_two_departments_and_has_a_licence_verified_elsewhere(
    federation: Federation, page: Page, tmp_path: Path
) -> None:
    citizen = federation.account("citizen")

    # 1. The first department sends the citizen to the city's login.
    page.goto(federation.site_url(3))
    page.get_by_role("link", name="用潮信统一身份认证登录").click()
    expect(page).to_have_url(re.compile(re.escape(federation.url(CITY))))
    log_in(page, citizen)
    expect(page).to_have_url(federation.site_url(3))
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()

    # 2. The second department needs no second login: once it is shown what will be told, and ever after not even that.
    take_back_consent(page, federation, "潮州市人力资源和社会保障局")
    page.goto(federation.site_url(4))
    page.get_by_role("link", name="用潮信统一身份认证登录").click()
    expect(page.get_by_role("heading", name="进入潮州市人力资源和社会保障局")).to_be_visible()
    expect(page.locator('input[autocomplete="current-password"]')).to_have_count(0)
    page.get_by_role("button", name="进入", exact=True).click()
    expect(page).to_have_url(federation.site_url(4))
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()
    page.context.clear_cookies(name="site_rsj")
    page.goto(federation.site_url(4))
    page.get_by_role("link", name="用潮信统一身份认证登录").click()
    expect(page).to_have_url(federation.site_url(4))
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()

    # 3. At home they see their licences and take one with them.
    page.goto(federation.url(CITY) + "/")
    expect(page.get_by_text("社会保障卡").first).to_be_visible()
    with page.expect_download() as download:
        page.locator('a[href*="/licenses/"][href$=".pdf"]').first.click()
    file = tmp_path / "license.pdf"
    download.value.save_as(file)
    assert file.read_bytes().startswith(b"%PDF-")

    # 4. Another county says that it is genuine, and why.
    page.goto(federation.url(CHAOAN) + "/verify")
    page.locator('input[type="file"]').set_input_files(file)
    submit = page.locator('form:has(input[type="file"]) button[type="submit"]')
    if submit.is_visible():
        submit.click()
    expect(page.locator("[data-indication]")).to_have_attribute("data-indication", "TOTAL_PASSED")
    expect(page.get_by_text("潮州市根CA").first).to_be_visible()

    # 5. At home they see that it was verified there.
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        jobs.hear_of_verifications(services)
    page.goto(federation.url(CITY) + "/account/history")
    seen = page.get_by_role("row").filter(has_text="证照在其他节点被核验")
    expect(seen.filter(has_text="潮安区").first).to_be_visible()  # others may have verified it at another node meanwhile


def test_a_second_factor_is_asked_for_and_a_used_code_is_refused(federation: Federation, page: Page) -> None:
    staff = federation.account("staff")
    page.goto(federation.url(CITY) + "/login")
    log_in(page, staff)
    code = page.locator('input[autocomplete="one-time-code"]')
    expect(code).to_be_visible()
    code.fill("000000")
    page.locator('form:has(input[autocomplete="one-time-code"]) button[type="submit"]').click()
    expect(page.get_by_role("alert").first).to_be_visible()
    code.fill(one_time_code(staff))
    page.locator('form:has(input[autocomplete="one-time-code"]) button[type="submit"]').click()
    expect(page).to_have_url(federation.url(CITY) + "/")
    expect(page.get_by_text("林文书").first).to_be_visible()


def test_a_wrong_password_is_told_in_both_languages_and_keeps_the_username(federation: Federation, page: Page) -> None:
    citizen = federation.account("citizen", RAOPING)
    page.goto(federation.url(RAOPING) + "/login")
    log_in(page, citizen | {"password": "certainly not the password"})
    expect(page.get_by_role("alert").first).to_contain_text("口令")
    expect(page.locator('input[autocomplete="username"]')).to_have_value(citizen["username"])
    page.goto(federation.url(RAOPING) + "/login?lang=en")
    log_in(page, citizen | {"password": "certainly not the password"})
    expect(page.get_by_role("alert").first).to_contain_text(re.compile("password", re.IGNORECASE))
