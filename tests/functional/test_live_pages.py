"""What is under way moves on its page without a reload; without JavaScript the page reloads itself."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from licenses.bulk import intake, work
from licenses.life.orders import operator
from tests.functional.test_accessibility import enter
from tests.support import issuing
from tests.support.lone_node import LoneNode

ROWS = intake.CHUNK + 2
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def test_a_batch_moves_on_before_ones_eyes(node: LoneNode, page: Page) -> None:
    services = node.services
    node.add_account("watching-admin", kind="security_admin", roles=("security_admin",), totp_secret=SECRET)
    refused = {**issuing.GOOD_ROW, "type_code": "nothing"}
    file = issuing.csv_of(*[{**refused, "number": f"L{place:05}"} for place in range(ROWS)])
    batch = intake.take_in(services.licenses, file, "watched.csv", operator("operator:test"))
    page = enter(page.context, services, "watching-admin")
    page.goto(f"{node.url}/admin/licenses/batches/{batch.id}?lang=zh")
    expect(page.locator("#live")).to_contain_text("0%")
    heading = page.get_by_role("heading", level=1).element_handle()
    assert work.work_one(services.licenses, batch.id)
    expect(page.locator("#live")).to_contain_text("96%")
    expect(page.locator("#live tbody tr")).to_have_count(intake.CHUNK)
    while work.work_one(services.licenses, batch.id):
        pass
    expect(page.locator("#live")).to_contain_text("100%")
    expect(page.locator("#live")).to_have_attribute("data-live", "")
    assert heading.evaluate("heading => heading.isConnected"), "the page was not loaded anew"

    part = page.request.get(page.url, headers={"X-Fragment": "live"}).text()
    assert re.match(r'\s*<div id="live"', part)
    assert "<html" not in part
    again = intake.take_in(services.licenses, issuing.csv_of(refused), "waits.csv", operator("operator:test"))
    plain = page.request.get(f"{node.url}/admin/licenses/batches/{again.id}").text()
    assert '<noscript><meta http-equiv="refresh"' in plain
