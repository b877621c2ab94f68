"""The console in a real browser: a security admin reads what the node is and whom it trusts; nobody else gets in."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.functional.test_walk import log_in
from tests.support.demo import Federation, one_time_code

CITY, RAOPING, CHAOAN = "445100", "445122", "445103"
PAGES = ("/admin/", "/admin/certificates", "/admin/federation", "/admin/clients", "/admin/logouts", "/admin/audit")


def test_a_security_admin_reads_certificates_the_federation_and_the_audit_log(federation: Federation, page: Page) -> None:
    base = federation.url(CHAOAN)
    admin = federation.account("security_admin", CHAOAN)
    page.goto(base + "/admin/")
    expect(page).to_have_url(base + "/login")
    log_in(page, admin)
    code = page.locator('input[autocomplete="one-time-code"]')
    code.fill(one_time_code(admin))
    page.locator('form:has(input[autocomplete="one-time-code"]) button[type="submit"]').click()
    page.get_by_role("link", name="管理", exact=True).click()

    # 1. The overview: both CAs, nothing in alarm.
    expect(page.get_by_role("heading", level=1)).to_have_text("管理总览")
    expect(page.get_by_role("heading", name="潮安区根CA")).to_be_visible()
    expect(page.get_by_role("heading", name="潮安区签发CA")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)

    # 2. The federation: the city is certified by this county, the other county is reached through it.
    page.get_by_role("link", name="互信", exact=True).click()
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.filter(has_text=CITY).first).to_contain_text("本节点签发了交叉证书")
    expect(rows.filter(has_text=RAOPING).first).to_contain_text(f"经由{CITY}到达")
    picture = page.get_by_role("region", name="互信图")
    for name in ("潮州市", "潮安区", "饶平县"):
        expect(picture.get_by_text(name, exact=True)).to_be_visible()
    assert picture.locator(".own .box").evaluate("card => getComputedStyle(card).strokeWidth") == "2.5px"
    picture.get_by_role("link", name=RAOPING).click()
    expect(page).to_have_url(f"{base}/admin/federation#node-{RAOPING}")
    picture.get_by_role("link", name="路径长").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("潮州市根CA")
    page.go_back()

    # 3. The cross-certificate for the city says what it permits.
    page.get_by_role("link", name="查看交叉证书").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("潮州市根CA")
    constraints = page.locator(".cx-extensions > div").filter(has_text="nameConstraints")
    expect(constraints).to_contain_text("关键")
    expect(constraints).to_contain_text("L=潮州市")

    # 4. Filters narrow the list; an unknown serial is an explained 404.
    page.goto(base + "/admin/certificates?profile=department_seal")
    kinds = page.locator("tbody tr td:nth-child(2)")
    assert kinds.count() >= 1
    assert set(kinds.all_inner_texts()) == {"部门电子印章"}
    answer = page.goto(base + "/admin/certificates/00")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_text("certificate_unknown")).to_be_visible()

    # 5. The departments' systems; this county has none.
    page.goto(base + "/admin/")
    page.get_by_role("link", name="部门系统", exact=True).click()
    expect(page.get_by_text("还没有登记部门系统")).to_be_visible()

    # 6. The audit log finds this very login, and shows what was searched for as text.
    page.goto(base + "/admin/audit")
    page.get_by_role("searchbox").fill("idp.login")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("tbody tr").first).to_contain_text("idp.login")
    page.goto(base + "/admin/audit?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&before=abc")
    expect(page.get_by_role("searchbox")).to_have_value('"><script>alert(1)</script>')
    expect(page.get_by_text("没有符合条件的事件")).to_be_visible()


def test_a_citizen_is_refused_on_every_page_of_the_console(federation: Federation, page: Page) -> None:
    base = federation.url(CHAOAN)
    page.goto(base + "/login")
    log_in(page, federation.account("citizen", CHAOAN))
    expect(page).to_have_url(base + "/")
    expect(page.get_by_role("link", name="管理", exact=True)).to_have_count(0)
    for path in (*PAGES, "/admin/certificates/00"):
        answer = page.goto(base + path)
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_text("admin_role_needed")).to_be_visible()


def test_a_stranger_is_sent_to_the_login_from_every_page_of_the_console(federation: Federation, page: Page) -> None:
    for path in (*PAGES, "/admin/certificates/00"):
        page.goto(federation.url(CHAOAN) + path)
        expect(page).to_have_url(re.compile(r"/login$"))
