"""Logging out where real departments listen: told, told later, refusing, hanging; in several tabs of a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
import requests
from jose import jwt
from playwright.sync_api import Page, expect

from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.clients import registry
from idp.logout.delivery import deliver_due
from idp.people import accounts
from idp.records import Client
from kernel.clock import SystemClock
from service import jobs
from service.config import load_config
from service.demo.plan import MARKET
from service.wiring import Services
from tests.functional.test_pages import lacks
from tests.functional.test_walk import log_in, take_back_consent
from tests.support.demo import Federation, one_time_code
from tests.support.ports import free_port
from tests.support.relying_party import LogoutListener, RelyingParty

CITY = "445100"
SECRET = "s" * 43


class Later:
    """The system's clock, some time ahead."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return SystemClock().now() + self._ahead


@contextmanager
def services_of(federation: Federation) -> Iterator[Services]:
    """The city, as another process of it sees it."""
    with Services(load_config(federation.directory / CITY / "chaoxin.toml")) as services:
        yield services


def register(federation: Federation, client_id: str, port: int) -> RelyingParty:
    """Register a department's system that listens at a port of this machine."""
    home = f"http://127.0.0.1:{port}/"
    with services_of(federation) as services:
        client = Client(
            client_id,
            f"监听部门 {client_id}",
            MARKET,
            redirect_uris=(f"{home}callback",),
            post_logout_redirect_uris=(home,),
            backchannel_logout_uri=f"{home}logged-out",
            scopes=("openid", "profile"),
        )
        registry.register(services.idp, client, client_secret=SECRET, actor="operator:test")
    described = {
        "client_id": client_id,
        "client_secret": SECRET,
        "redirect_uris": [f"{home}callback"],
        "token_endpoint_auth_method": "client_secret_basic",
    }
    return RelyingParty(federation.url(CITY), described)


def enter(page: Page, party: RelyingParty, account: dict[str, str] | None) -> None:
    """Go to a department and log in there, by password unless somebody is logged in already."""
    page.goto(f"{party.metadata['authorization_endpoint']}?{urlencode(party.request())}")
    if account is not None:
        log_in(page, account)
    expect(page).to_have_url(re.compile(re.escape(party.redirect_uri)))
    expect(page.get_by_role("heading", name="department")).to_be_visible()  # all of it: the listener may be gone at once


def leave(page: Page, federation: Federation) -> str:
    """Log out and return the page that is shown then, as it came."""
    page.goto(federation.url(CITY) + "/account")
    with page.expect_response(lambda answer: answer.ok and "text/html" in answer.headers.get("content-type", "")) as shown:
        page.locator('main form[action="/logout"] button').click()
    expect(page.get_by_role("heading", name="您已退出登录")).to_be_visible()
    return shown.value.text()


@pytest.fixture
def listener() -> Iterator[LogoutListener]:
    with LogoutListener() as listening:
        yield listening


def test_both_of_the_demos_departments_are_logged_out_with_the_person(federation: Federation, page: Page) -> None:
    page.goto(federation.site_url(3))
    page.get_by_role("link", name="用潮信统一身份认证登录").click()
    log_in(page, federation.account("citizen"))
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()
    take_back_consent(page, federation, "潮州市人力资源和社会保障局")
    page.goto(federation.site_url(4))
    page.get_by_role("link", name="用潮信统一身份认证登录").click()
    page.get_by_role("button", name="进入", exact=True).click()
    expect(page.get_by_role("heading", name="陈晓潮，您好")).to_be_visible()
    leave(page, federation)
    expect(page.locator(".cx-rows .cx-ok")).to_have_text(["已退出", "已退出"])
    for site in (3, 4):
        page.goto(federation.site_url(site))
        expect(page.get_by_role("link", name="用潮信统一身份认证登录")).to_be_visible()
    forged = requests.post(federation.site_url(3) + "backchannel-logout", data={"logout_token": "a.b.c"}, timeout=30)
    assert forged.status_code == 400


def test_a_department_that_listens_gets_a_logout_token_that_the_published_keys_verify(
    federation: Federation, page: Page, listener: LogoutListener
) -> None:
    party = register(federation, "listens", listener.port)
    enter(page, party, federation.account("citizen"))
    leave(page, federation)
    token = listener.tokens.get(timeout=60)
    keys = requests.get(party.metadata["jwks_uri"], timeout=30).json()
    claims = jwt.decode(token, keys, algorithms=["ES256"], audience="listens", issuer=party.metadata["issuer"])
    assert list(claims["events"]) == ["http://schemas.openid.net/event/backchannel-logout"]
    expect(page.locator(".cx-rows .cx-ok")).to_have_text(["已退出"])


def test_a_department_that_refuses_is_told_to_the_person(federation: Federation, page: Page, listener: LogoutListener) -> None:
    listener.status = 400
    enter(page, register(federation, "refuses", listener.port), federation.account("citizen"))
    leave(page, federation)
    expect(page.locator(".cx-rows .cx-bad")).to_have_text(["未能退出，请到该网站退出"])
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(page.url.partition("?")[0] + "?lang=en")
    expect(page.locator(".cx-rows .cx-bad")).to_have_text(["Not logged out; please log out there"])
    assert lacks(page) == []


def test_a_department_that_hangs_delays_nobodys_page(federation: Federation, page: Page, listener: LogoutListener) -> None:
    enter(page, register(federation, "hangs", listener.port), federation.account("citizen"))
    listener.hold.clear()
    assert "正在通知" in leave(page, federation)  # it still hangs
    expect(page.locator(".cx-rows .cx-warn")).to_have_text(["暂未送达，会继续通知"])  # the page moves on by itself


def test_a_department_that_was_down_is_told_by_the_worker_when_it_is_back(federation: Federation, page: Page) -> None:
    port = free_port()
    party = register(federation, "down", port)
    with LogoutListener(port):
        enter(page, party, federation.account("citizen"))
    leave(page, federation)
    expect(page.locator(".cx-rows .cx-warn")).to_have_text(["暂未送达，会继续通知"])
    with LogoutListener(port) as back:
        with services_of(federation) as services:
            services.clock = Later(timedelta(minutes=2))  # type: ignore[assignment]  # the worker's next tries
            jobs.tell_of_logouts(services)
        assert jwt.get_unverified_claims(back.tokens.get(timeout=60))["aud"] == "down"
    page.reload()
    expect(page.locator(".cx-rows .cx-ok")).to_have_text(["已退出"])


def test_requirement_22_an_address_on_this_machine_is_not_told_where_the_node_is_not_here_itself(
    federation: Federation, listener: LogoutListener
) -> None:
    party = register(federation, "inward", listener.port)
    config = load_config(federation.directory / CITY / "chaoxin.toml")
    config.node = replace(config.node, url="https://login.example.cn")
    with Services(config) as services:
        # An hour ahead, so that the worker of the demo, which is here itself, does not find it due.
        guarded = replace(services.idp, clock=Later(timedelta(hours=1)))
        account = accounts.get_by_username(guarded, federation.account("citizen")["username"])
        with guarded.work.begin() as work:
            session = sessions.start(work, guarded, account.id, ("pwd",), Device()).session
            work.records.tell_client(session.id, party.client["client_id"], guarded.clock.now())
            assert work.records.end_session(session.id, guarded.clock.now())
        (tried,) = [each for each in deliver_due(guarded, account.id) if each.session_id == session.id]
    assert (tried.outcome, tried.error) == (None, "ConnectionError")
    assert listener.tokens.empty()


def test_an_admin_sees_what_did_not_arrive_and_has_it_tried_again(
    federation: Federation, page: Page, listener: LogoutListener
) -> None:
    listener.status = 400
    enter(page, register(federation, "mends", listener.port), federation.account("citizen"))
    leave(page, federation)
    listener.tokens.get(timeout=60)
    admin = federation.account("security_admin")
    page.goto(federation.url(CITY) + "/login")
    log_in(page, admin)
    page.locator('input[autocomplete="one-time-code"]').fill(one_time_code(admin))
    page.locator('form:has(input[autocomplete="one-time-code"]) button[type="submit"]').click()
    expect(page).to_have_url(federation.url(CITY) + "/")
    page.goto(federation.url(CITY) + "/admin/")
    page.get_by_role("link", name="未送达的退出通知").click()
    row = page.get_by_role("row").filter(has_text="mends")
    expect(row).to_contain_text("答复了错误400")
    listener.status = 200
    row.get_by_role("button", name="立即重试").click()
    assert jwt.get_unverified_claims(listener.tokens.get(timeout=60))["aud"] == "mends"


def test_two_tabs_of_a_browser_go_on_after_one_password(federation: Federation, page: Page, listener: LogoutListener) -> None:
    first = register(federation, "tab-one", listener.port)
    second = RelyingParty(federation.url(CITY), first.client)
    other = page.context.new_page()
    page.goto(f"{first.metadata['authorization_endpoint']}?{urlencode(first.request(state='one'))}")
    other.goto(f"{second.metadata['authorization_endpoint']}?{urlencode(second.request(state='two'))}")
    log_in(other, federation.account("citizen"))
    expect(other).to_have_url(re.compile("state=two"))
    page.get_by_role("link", name="已在另一个窗口登录？继续").click()
    expect(page).to_have_url(re.compile("state=one"))
    codes = [re.search(r"code=([^&]+)", tab.url) for tab in (page, other)]
    for party, code in zip((first, second), codes, strict=True):
        assert code is not None
        assert party.redeem(code[1]).status_code == 200
