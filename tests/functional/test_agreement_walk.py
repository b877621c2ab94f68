"""A city's new admin takes in a county's request and has it approved by colleagues, each in a browser of their own; in the end it is revoked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from crosscert import agreements, node_description
from crosscert.constraints import everything
from service.config import load_config
from service.wiring import Services
from tests.functional.test_accessibility import enter
from tests.support.lone_node import LoneNode
from tests.support.new_nodes import new_node

ADMINS = {"agree-chen": "陈新安", "agree-wang": "王守信", "agree-li": "李潮生"}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The county that asks: a node of its own, whose admins do by command what the city's do in the console."""
    folder = tmp_path_factory.mktemp("county") / "node"
    with Services(load_config(new_node(folder, "445122", url="http://localhost:9122"))) as services:
        yield services


def asked_by(county: Services, city: Services) -> tuple[str, bytes]:
    """Return which agreement the county asked for, and the signed request that it hands over."""
    description = node_description.introduce(node_description.describe(city.crosscert)[0], county.clock.now())
    wish = everything(county.policies.certificates, county.node, city.node)
    found, request = agreements.ask(county.crosscert, description, wish, requester="account:huang")
    return found.identifier, request


def approve(page: Page, home: str, *, number: int) -> None:
    """Find what waits on the first page, and approve it as so manyth of two."""
    page.goto(home)
    page.get_by_role("link", name="与饶平县的协议").click()
    page.get_by_role("button", name="批准这个计划").click()
    expect(page.get_by_text(f"{number}/2", exact=True)).to_be_visible()


def test_a_new_city_admin_sets_up_a_county_agreement_with_colleagues(
    node: LoneNode, county: Services, browser: Browser, tmp_path: Path
) -> None:
    for username, name in ADMINS.items():
        node.add_account(username, name=name, kind="security_admin", roles=("security_admin",), totp_secret=SECRET)
    asked, request = asked_by(county, node.services)
    handed = tmp_path / "request.jws"
    handed.write_bytes(request)

    @contextmanager
    def desk(who: str) -> Iterator[Page]:
        context = browser.new_context(locale="zh-CN")
        yield enter(context, node.services, who)
        context.close()

    # 1. The new admin finds where to begin, takes the county's request in, and types the code that is read out over the telephone.
    with desk("agree-chen") as page:
        page.goto(f"{node.url}/admin/?lang=zh")
        page.get_by_role("link", name="互信", exact=True).click()
        page.get_by_role("link", name="新的协议").click()
        page.get_by_label("对方的申请文件").set_input_files(handed)
        page.get_by_role("button", name="收下申请").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("与饶平县的协议")
        address = page.url
        page.get_by_label("对方读出的核对码").fill("0000 0000")
        page.get_by_role("button", name="核对一致").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("对方读出的核对码").fill(agreements.get(county.crosscert, asked).code)
        page.get_by_role("button", name="核对一致").click()
        expect(page.get_by_role("heading", name="签发之后会改变什么")).to_be_visible()
        expect(page.locator(".cx-diff .cx-added").first).to_contain_text("饶平县")
        page.get_by_role("button", name="批准这个计划").click()  # who asked may not
        expect(page.get_by_role("alert").filter(has_text="不能批准")).to_be_visible()

    # 2. Two colleagues find it among what waits today, look at the plan, and approve; the second one issues.
    for number, who in enumerate(("agree-wang", "agree-li"), 1):
        with desk(who) as page:
            approve(page, f"{node.url}/admin/?lang=zh", number=number)
            expect(page).to_have_url(address)
            if who == "agree-li":
                page.get_by_role("button", name="签发交叉证书").click()
                expect(page.get_by_text("已签发")).to_be_visible()
                with page.expect_download() as download:
                    page.get_by_role("link", name="下载交叉证书").click()
                issued = Path(download.value.path()).read_bytes()

    # 3. The county takes the certificate; the picture leads from the county to what was agreed on.
    agreements.confirm(
        county.crosscert, asked, agreements.get(node.services.crosscert, address.rpartition("/")[2]).code, actor="account:huang"
    )
    agreements.receive(county.crosscert, asked, issued, actor="account:huang")
    assert agreements.get(county.crosscert, asked).state == "received"
    with desk("agree-wang") as page:
        page.goto(f"{node.url}/admin/federation?lang=zh")
        expect(page.get_by_role("region", name="互信图").get_by_text("饶平县", exact=True)).to_be_visible()

        # 4. Revoked by one, with what that changes, and looked over by another.
        page.goto(f"{address}?lang=zh")
        page.get_by_text("吊销交叉证书").click()
        expect(page.get_by_role("heading", name="吊销之后会改变什么")).to_be_visible()
        page.get_by_role("button", name="吊销，不再信任饶平县").click()
        expect(page.get_by_text("已撤销")).to_be_visible()
    with desk("agree-li") as page:
        page.goto(f"{address}?lang=zh")
        page.get_by_role("button", name="复核无误").click()
        expect(page.get_by_role("button", name="复核无误")).to_have_count(0)
