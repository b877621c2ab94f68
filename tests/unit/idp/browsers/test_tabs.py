"""Several tabs of one browser, each with a login of its own on its way."""

from __future__ import annotations

import pyotp
import pytest
from werkzeug.test import TestResponse

from idp import endpoints
from kernel.clock import FixedClock
from tests.support.idp import CALLBACK, SOCIAL_SECURITY, TOTP_SECRET, Browser, Provider, returned

ADDRESSES = {"scjg": CALLBACK, "rsj": "https://rsj.example.cn/callback"}


@pytest.fixture
def departments(provider: Provider) -> Provider:
    provider.add_client("rsj", name="人社局", department=SOCIAL_SECURITY, redirect_uris=(ADDRESSES["rsj"],))
    return provider


def tabs(browser: Browser, *client_ids: str) -> list[TestResponse]:
    """Open a tab for each client; returns their login pages."""
    requests = (
        browser.provider.request(client_id=each, redirect_uri=ADDRESSES[each], state=f"tab-{number}")
        for number, each in enumerate(client_ids)
    )
    return [browser.get(endpoints.AUTHORIZE, request) for request in requests]


def at_once(provider: Provider, *client_ids: str) -> tuple[Browser, list[TestResponse]]:
    """Open the first tabs of a new browser at once: each request goes out before any answer has brought a cookie."""
    browser, pages = provider.browser(), []
    for client_id in client_ids:
        alone = provider.browser()
        pages += tabs(alone, client_id)
        for cookie in alone.client._cookies.values():
            browser.client.set_cookie(cookie.key, cookie.value)
    return browser, pages


@pytest.mark.parametrize("client_ids", [("scjg", "rsj"), ("scjg", "scjg")], ids=["two clients", "one client"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_both_tabs_come_through_in_any_order(departments: Provider, client_ids: tuple[str, ...], order: tuple[int, ...]) -> None:
    browser = departments.browser()
    pages = tabs(browser, *client_ids)
    codes = set()
    for number in order:
        back = returned(browser.follow(browser.type_password(pages[number])))
        assert back["state"] == f"tab-{number}"
        codes.add(back["code"])
    assert len(codes) == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_a_login_in_one_tab_lets_the_other_go_on_without_a_second_password(departments: Provider, order: tuple[int, ...]) -> None:
    browser = departments.browser()
    pages = tabs(browser, "scjg", "rsj")
    first, second = (pages[number] for number in order)
    returned(browser.follow(browser.type_password(first)))
    again = f"/login?txn={second.request.args['txn']}"
    assert again in second.text, "the page has no way on"
    assert "code" in returned(browser.get(again))


def test_the_first_tabs_of_a_new_browser_come_through_although_they_came_at_once(departments: Provider) -> None:
    browser, pages = at_once(departments, "scjg", "rsj", "scjg")
    for page in pages:
        assert "code" in returned(browser.follow(browser.type_password(page)))


def test_a_browser_that_has_its_cookies_is_given_no_more(departments: Provider) -> None:
    browser, _ = at_once(departments, "scjg", "rsj")
    before = browser.own_cookies()
    tabs(browser, "scjg", "rsj")
    assert len(before) == 2
    assert browser.own_cookies() == before


def test_cve_2026_7507_a_login_goes_on_only_where_it_began(departments: Provider) -> None:
    (page,) = tabs(departments.browser(), "scjg")
    victim = departments.browser()
    victim.log_in()
    again = victim.get(f"/login?txn={page.request.args['txn']}")
    assert (again.status_code, "transaction_elsewhere" in again.text) == (403, True)


def test_a_tab_that_waits_for_a_code_goes_on_after_a_login_in_another(departments: Provider, clock: FixedClock) -> None:
    departments.add_account("linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    browser = departments.browser()
    first, second = tabs(browser, "scjg", "rsj")
    waiting, asked = (browser.follow(browser.type_password(page, "linwenshu")) for page in (first, second))
    code = str(pyotp.TOTP(TOTP_SECRET).at(clock.now()))
    assert "code" in returned(browser.follow(browser.submit(asked, "one-time-code", one_time_code=code)))
    again = f"/login?txn={waiting.request.args['txn']}"
    assert again in waiting.text
    assert "code" in returned(browser.get(again))
