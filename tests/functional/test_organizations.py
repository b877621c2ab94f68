"""An organisation in a real browser, at the demo: its representative claims it by the register, appoints an agent who then logs in at a department
for it; the representative revokes, or the register names another, and the department's refresh and introspection say no.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from idp.people import accounts
from kernel.identifiers import is_uscc
from pki import jose
from service.config import load_config
from service.wiring import Services
from tests.functional.test_pages import assert_in_order
from tests.functional.test_walk import log_in
from tests.support.demo import Federation
from tests.support.idp import PASSWORD, add_account, add_client
from tests.support.relying_party import LogoutListener, RelyingParty, parse_return

CITY = "445100"
COMPANY, USCC = "潮州市凤凰山茶业有限公司", "91445100MA7TEA001B"
REPRESENTATIVE = {"username": "zhengdechang", "name": "郑德昌", "resident_id": "445122195202141016"}
AGENT = {"username": "xuyan", "name": "许䶮", "resident_id": "445102199508260061"}
SUCCESSOR = {"username": "caidehou", "name": "蔡德厚", "resident_id": "445102196709222033"}
HANDED = "潮州市古巷陶瓷有限公司"
HANDED_USCC = next(code for one in "0123456789ABCDEFGHJKLMNPQRTUWXY" if is_uscc(code := f"91445100MA7GUX002{one}"))
MARKET = "潮州市市场监督管理局"


@pytest.fixture(scope="module")
def secret(federation: Federation) -> str:
    """Add three citizens, and a system that may check mandates; return the system's secret."""
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        deps = services.idp
        for person in (REPRESENTATIVE, AGENT, SUCCESSOR):
            if accounts.find_by_username(deps, person["username"]) is None:
                add_account(deps, **person, phone=None, real_name_level=4)
        checker = add_client(deps, "checker", grant_types=("client_credentials",), redirect_uris=(), scope="mandates")
    return str(checker.client_secret)


def enter(page: Page, federation: Federation, person: dict[str, str]) -> None:
    """Log somebody in and show their organisations."""
    page.goto(federation.url(CITY) + "/login?then=organizations")
    log_in(page, {"username": person["username"], "password": PASSWORD})
    expect(page).to_have_url(re.compile("/account/organizations$"))


def test_an_agent_acts_for_a_company_until_its_representative_revokes(
    federation: Federation, page: Page, browser: Browser, secret: str
) -> None:
    # 1. The representative claims the company.
    enter(page, federation, REPRESENTATIVE)
    assert_in_order(page, page.url)
    claim(page, USCC)
    expect(page.get_by_role("heading", level=1)).to_have_text(COMPANY)

    # 2. And appoints an agent.
    appoint(page)
    expect(page.locator("li").filter(has_text="等本人接受")).to_contain_text(AGENT["name"])
    assert_in_order(page, page.url)

    # 3. Who accepts, and logs in at the department for the company.
    with browser.new_context(locale="zh-CN") as context:
        department, tokens = act(context.new_page(), federation, COMPANY)
    said = jose.unverified_claims(tokens["id_token"])
    assert (said["user_kind"], said["organization"]) == ("enterprise", COMPANY)
    assert said["act"]["sub"] != said["sub"]
    assert introspect(department, tokens["access_token"])["active"] is True
    told = check(department, secret, said["mandate_id"])
    assert (told["active"], told["agent"]["name"], told["organization"]["uscc"]) == (True, AGENT["name"], USCC)

    # 4. The representative revokes.
    page.reload()
    page.get_by_text("撤销", exact=True).click()
    page.get_by_role("button", name="撤销授权").click()
    expect(page.locator("main")).to_contain_text("还没有经办人")
    assert_over(department, tokens)
    assert check(department, secret, said["mandate_id"])["status"] == "revoked"


def test_a_company_changes_hands_when_the_register_names_another_representative(
    federation: Federation, page: Page, browser: Browser, secret: str
) -> None:
    # 1. It is in the hands of whom the register names, and an agent acts for it.
    name_representative(federation, REPRESENTATIVE)
    enter(page, federation, REPRESENTATIVE)
    claim(page, HANDED_USCC)
    expect(page.get_by_role("heading", level=1)).to_have_text(HANDED)
    appoint(page)
    expect(page.locator("li").filter(has_text="等本人接受")).to_contain_text(AGENT["name"])
    with browser.new_context(locale="zh-CN") as context:
        agent = context.new_page()
        department, tokens = act(agent, federation, HANDED)
        mandate_id = jose.unverified_claims(tokens["access_token"])["mandate_id"]

        # 2. The register names another. Whoever would go on reads why not, and all that they gave has ended.
        name_representative(federation, SUCCESSOR)
        appoint(page)
        expect(page.get_by_role("alert")).to_contain_text("法人库中没有查到您是这个代码的法定代表人")
        expect(page.get_by_role("heading", level=1)).to_have_text("我的单位")
        expect(page.locator("main")).not_to_contain_text(HANDED)
        assert_in_order(page, page.url)
        assert_over(department, tokens)
        assert check(department, secret, mandate_id)["status"] == "revoked"
        expect_notice(page, federation, f"法人库中您已不是{HANDED}的法定代表人，您给出的授权全部终止。")
        expect_notice(agent, federation, f"您代表{HANDED}的授权已终止。")
        agent.goto(federation.url(CITY) + "/account/organizations")
        expect(agent.locator("main")).not_to_contain_text(HANDED)

    # 3. The new one takes charge, finds nobody of the old one's, and appoints whom they want.
    with browser.new_context(locale="zh-CN") as context:
        new = context.new_page()
        enter(new, federation, SUCCESSOR)
        claim(new, HANDED_USCC)
        expect(new.get_by_role("heading", level=1)).to_have_text(HANDED)
        expect(new.locator("main")).to_contain_text("还没有经办人")
        appoint(new)
        expect(new.locator("li").filter(has_text="等本人接受")).to_contain_text(AGENT["name"])
        expect_notice(new, federation, f"您认领了{HANDED}。")


def name_representative(federation: Federation, person: dict[str, str]) -> None:
    """Have the register name somebody as the representative of the company that changes hands."""
    register, written = federation.directory / "legal-persons.csv", federation.directory / "legal-persons.new"
    others = [line for line in register.read_text(encoding="utf-8").splitlines() if HANDED_USCC not in line]
    row = ",".join((HANDED_USCC, HANDED, person["name"], person["resident_id"], "active"))
    written.write_text("\n".join((*others, row, "")), encoding="utf-8")
    written.replace(register)


def claim(page: Page, code: str) -> None:
    page.get_by_label("统一社会信用代码").fill(code)
    page.get_by_role("button", name="核对并认领").click()


def appoint(page: Page) -> None:
    """Appoint the agent, from the organisation's page."""
    page.get_by_label("经办人姓名").fill(AGENT["name"])
    page.get_by_label("经办人身份证号码").fill(AGENT["resident_id"])
    page.get_by_label(MARKET).check()
    page.get_by_label("姓名或名称").check()
    page.get_by_label("有效期至").fill(str(date.today() + timedelta(days=30)))  # noqa: DTZ011 - what a person types
    page.get_by_role("button", name="给出授权").click()


def act(agent: Page, federation: Federation, company: str) -> tuple[RelyingParty, dict[str, str]]:
    """Accept, and log in at the department for the company; return the department's system and its tokens."""
    enter(agent, federation, AGENT)
    expect(agent.locator("main")).to_contain_text(company)
    assert_in_order(agent, agent.url)
    agent.get_by_role("button", name="接受").click()
    expect(agent.get_by_role("heading", name="您可以代表的单位")).to_be_visible()
    with LogoutListener() as site:
        department = RelyingParty(
            federation.url(CITY), federation.client("client_secret_basic"), f"http://localhost:{site.port}/callback"
        )
        request = department.request(scope="openid profile identity")
        agent.goto(f"{department.metadata['authorization_endpoint']}?{urlencode(request)}")
        expect(agent.get_by_role("heading", level=1)).to_have_text("您代表谁办理？")
        assert_in_order(agent, agent.url)
        agent.get_by_role("button", name=f"代表{company}").click()
        agent.get_by_role("button", name="进入", exact=True).click()
        expect(agent).to_have_title("department")
        tokens: dict[str, str] = department.redeem(parse_return(agent.url)["code"]).json()
    return department, tokens


def expect_notice(page: Page, federation: Federation, text: str) -> None:
    page.goto(federation.url(CITY) + "/account/authenticators")
    expect(page.get_by_text(text).first).to_be_visible()


def assert_over(department: RelyingParty, tokens: dict[str, str]) -> None:
    assert introspect(department, tokens["access_token"]) == {"active": False}
    refused = department.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def introspect(department: RelyingParty, token: str) -> dict[str, object]:
    auth = (department.client["client_id"], department.client["client_secret"])
    answer = requests.post(department.metadata["introspection_endpoint"], data={"token": token}, auth=auth, timeout=30)
    found: dict[str, object] = answer.json()
    return found


def check(department: RelyingParty, secret: str, mandate_id: str) -> dict[str, dict[str, str]]:
    form = {"grant_type": "client_credentials"}
    answer = requests.post(department.metadata["token_endpoint"], data=form, auth=("checker", secret), timeout=30)
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    asked = requests.get(f"{department.metadata['issuer']}/api/v1/mandates/{mandate_id}", headers=bearer, timeout=30)
    assert asked.status_code == 200, asked.text
    found: dict[str, dict[str, str]] = asked.json()
    return found
