"""An organisation in a real browser, at the demo: its representative claims it by the register, appoints an agent who then logs in at a department
for it; the representative revokes, and the department's refresh and introspection say no.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from idp.people import accounts
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
MARKET = "潮州市市场监督管理局"


@pytest.fixture
def secret(federation: Federation) -> str:
    """Add two citizens, and a system that may check mandates; return the system's secret."""
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        deps = services.idp
        for person in (REPRESENTATIVE, AGENT):
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
    page.get_by_label("统一社会信用代码").fill(USCC)
    page.get_by_role("button", name="核对并认领").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(COMPANY)

    # 2. And appoints an agent.
    page.get_by_label("经办人姓名").fill(AGENT["name"])
    page.get_by_label("经办人身份证号码").fill(AGENT["resident_id"])
    page.get_by_label(MARKET).check()
    page.get_by_label("姓名或名称").check()
    page.get_by_label("有效期至").fill(str(date.today() + timedelta(days=30)))  # noqa: DTZ011 - what a person types
    page.get_by_role("button", name="给出授权").click()
    expect(page.locator("li").filter(has_text="等本人接受")).to_contain_text(AGENT["name"])
    assert_in_order(page, page.url)

    # 3. Who accepts, and logs in at the department for the company.
    context = browser.new_context(locale="zh-CN")
    agent = context.new_page()
    enter(agent, federation, AGENT)
    expect(agent.locator("main")).to_contain_text(COMPANY)
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
        agent.get_by_role("button", name=f"代表{COMPANY}").click()
        agent.get_by_role("button", name="进入", exact=True).click()
        expect(agent).to_have_title("department")
        tokens = department.redeem(parse_return(agent.url)["code"]).json()
    context.close()
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
    assert introspect(department, tokens["access_token"]) == {"active": False}
    refused = department.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert check(department, secret, said["mandate_id"])["status"] == "revoked"


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
