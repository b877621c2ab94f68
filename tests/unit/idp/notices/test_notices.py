"""Notices: who is told of which login, how it reaches them, and what “that was not me” does."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import home, notices
from idp.authenticators import contacts
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.interaction import login
from idp.notices import delivery, links, not_me
from idp.ports import IdpDeps
from idp.records import Account
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import PASSWORD, Provider, add_account, events
from tests.support.passkeys import enter
from tests.support.post import Post
from tests.support.relying_party import forms

HOME = Device("192.0.2.1", "Mozilla/5.0 (Windows NT 10.0) Chrome/130")


def log_in(deps: IdpDeps, browser: str, username: str = "chenxiaochao") -> None:
    login.submit_password(deps, transaction_id=None, visit=Visit((browser,)), device=HOME, username=username, password=PASSWORD)


def logins_told(deps: IdpDeps, account: Account) -> list[str]:
    return [one.text.en for one in notices.told(deps, account.id) if "logged in to on" in one.text.en]


def test_messages_are_new_until_their_reader_has_opened_them(deps: IdpDeps, clock: FixedClock) -> None:
    account, other = add_account(deps), add_account(deps, "wangdaming")
    current = enter(deps)
    notices.open_messages(deps, account.id)  # that of the login
    clock.advance(timedelta(seconds=1))
    for who in (account, other):
        with deps.work.begin() as work:
            notices.tell(work, deps, who.id, "recovery_removed", clock.now())
    shown = home.describe(deps, current)
    assert (shown.new_messages, [one.is_new for one in shown.messages]) == (1, [True, False]), (
        "to see it at home is not to open it"
    )
    assert [one.is_new for one in notices.open_messages(deps, account.id)] == [True, False]
    assert [one.is_new for one in notices.open_messages(deps, account.id)] == [False, False]
    assert (notices.count_new(deps, account.id), notices.count_new(deps, other.id)) == (0, 1)


def test_home_shows_how_many_messages_are_new_and_the_page_of_messages_reads_them(provider: Provider) -> None:
    browser = provider.browser()
    assert "我的消息" not in browser.get("/account/messages").text
    browser.log_in()
    page = browser.get("/").text
    assert ("1条未读" in page, "登录了您的账号" in page, 'href="/account/messages"' in page) == (True, True, True)
    assert "未读" in browser.get("/account/messages").text
    assert "未读" not in browser.get("/account/messages").text
    assert "未读" not in browser.get("/").text


def confirmed(deps: IdpDeps) -> tuple[IdpDeps, Post, Current]:
    """Return a room with e-mail and somebody who confirmed theirs, told of nothing else yet."""
    post = Post()
    deps = replace(deps, messengers={"email": post})
    add_account(deps)
    current = enter(deps)
    contacts.send(deps, current, HOME, "email", "c@example.cn")
    contacts.confirm(deps, current, HOME, "email", post.code)
    post.sent.clear()
    return deps, post, current


def link_of(post: Post) -> tuple[str, str]:
    found = re.search(r"/not-me\?notice=([\w-]+)&proof=([\w-]+)", post.sent[-1][2])
    assert found is not None
    return found[1], found[2]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


# G5.


def test_g5_a_login_in_a_new_browser_is_told_of_and_one_in_ones_own_is_not(deps: IdpDeps) -> None:
    account = add_account(deps)
    log_in(deps, "at home")
    (told,) = logins_told(deps, account)
    assert told.startswith("Your account was logged in to on Chrome · Windows (192.0.2.1); the login's code is ")
    log_in(deps, "at home")
    assert len(logins_told(deps, account)) == 1
    log_in(deps, "elsewhere")
    assert len(logins_told(deps, account)) == 2


def test_g5_in_a_browser_that_others_use_as_well_each_login_is_told_of(deps: IdpDeps) -> None:
    account, other = add_account(deps), add_account(deps, "huangyao")
    log_in(deps, "a kiosk")
    log_in(deps, "a kiosk", "huangyao")
    log_in(deps, "a kiosk")
    assert (len(logins_told(deps, account)), len(logins_told(deps, other))) == (2, 1)


def test_g5_single_sign_on_is_told_of_to_nobody_and_the_browser_is_known_again(provider: Provider) -> None:
    provider.add_client("rsj")
    browser = provider.browser()
    browser.authorize(username="chenxiaochao")
    browser.authorize(client_id="rsj")
    with provider.deps.work.read() as work:
        record = work.records.find_username("chenxiaochao")
        assert record is not None
        assert [one.what for one in work.records.notices(record.id)] == ["new_device"]
    set_cookies = provider.browser().client.get("/login").headers.getlist("Set-Cookie")
    assert [f"Max-Age={400 * 86400}" in one for one in set_cookies if "_browser_" in one] == [True]


# Delivery.


def test_a_notice_reaches_a_confirmed_address_once(deps: IdpDeps) -> None:
    deps, post, _ = confirmed(deps)
    assert delivery.deliver(deps) == 2  # the login, the confirmed address
    assert {address for address, _, _ in post.sent} == {"c@example.cn"}
    assert deps.node.url + "/not-me?" in post.sent[0][2]
    assert delivery.deliver(deps) == 0
    assert len(post.sent) == 2


def test_what_cannot_be_sent_is_tried_again_for_a_day(light: IdpDeps, clock: FixedClock) -> None:
    light, post, _ = confirmed(light)
    post.broken = True
    assert delivery.deliver(light) == 0
    clock.advance(timedelta(hours=23))
    post.broken = False
    assert delivery.deliver(light) == 2
    post.broken = True
    log_in(light, "elsewhere")
    delivery.deliver(light)
    post.broken = False
    clock.advance(timedelta(hours=25))
    assert delivery.deliver(light) == 0


def test_an_address_that_nobody_confirmed_is_written_nothing(light: IdpDeps) -> None:
    post = Post()
    light = replace(light, messengers={"email": post, "phone": post})
    add_account(light, email="typed@example.cn")
    log_in(light, "at home")
    assert (delivery.deliver(light), post.sent) == (0, [])


def test_what_goes_nowhere_or_fails_all_day_is_not_in_the_way_of_others(light: IdpDeps, clock: FixedClock) -> None:
    light = replace(light, messengers={"email": Post()})
    account = add_account(light, email="typed@example.cn")
    since = clock.now()
    log_in(light, "at home")
    clock.advance(timedelta(minutes=1))
    log_in(light, "elsewhere")
    with light.work.read() as work:
        every = work.records.unsent_notices(since=since, limit=9)
        assert work.records.unsent_notices(since=since, limit=1) == every[1:], "of too many the newest"
    assert [one.account_id for one in every] == [account.id, account.id]
    assert delivery.deliver(light) == 0
    with light.work.read() as work:
        assert work.records.unsent_notices(since=since, limit=9) == []


# G6.


def test_g6_not_me_ends_sessions_and_tokens_at_once_and_opens_one_case(deps: IdpDeps, engine: sa.Engine) -> None:
    deps, post, current = confirmed(deps)
    delivery.deliver(deps)
    notice, proof = link_of(post)
    assert refused(lambda: not_me.report(deps, notice, proof[:-1] + ("A" if proof[-1] != "A" else "B"))) == "not_me_over"
    assert refused(lambda: not_me.report(deps, "another", proof)) == "not_me_over"
    assert sessions.listed(deps, current.account.id)

    def report(_: int) -> str:
        try:
            not_me.report(deps, notice, proof)
        except Refusal as refusal:
            return refusal.code
        return "ended"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(report, range(3))) == ["ended", "not_me_over", "not_me_over"]
    assert sessions.listed(deps, current.account.id) == []
    (event,) = events(engine, "idp.report_not_me")
    assert '"sessions":1' in event["details"]
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from idp_cases")).scalar_one() == 1


def test_g6_the_link_lasts_thirty_days(light: IdpDeps, clock: FixedClock) -> None:
    light, post, _ = confirmed(light)
    delivery.deliver(light)
    notice, proof = link_of(post)
    clock.advance(timedelta(days=30))
    assert refused(lambda: not_me.report(light, notice, proof)) == "not_me_over"


def test_g6_the_link_needs_no_login_and_opening_it_ends_nothing(provider: Provider) -> None:
    thief = provider.browser()
    tokens = thief.tokens(username="chenxiaochao", scope="openid offline_access")
    deps = provider.deps
    with deps.work.read() as work:
        record = work.records.find_username("chenxiaochao")
        assert record is not None
        (notice,) = work.records.notices(record.id)
    owner = provider.browser()
    page = owner.get("/not-me", {"notice": notice.id, "proof": links.proof(deps, notice.id)})
    assert provider.userinfo(tokens["access_token"]).status == 200
    (form,) = (form for form in forms(page.text) if form.action == "/not-me")
    assert "已全部退出登录" in owner.send(form).text
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.refresh(tokens["refresh_token"]).status == 400
    assert thief.client.get("/account").headers["Location"] == "/login"
    assert owner.send(form).status_code == 404
