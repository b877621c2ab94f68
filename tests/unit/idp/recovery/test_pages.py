"""The pages of a recovery, as a browser goes through them from the login page to the new password."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.people import accounts
from kernel.clock import FixedClock
from tests.support.idp import Browser, Provider
from tests.support.passkeys import Passkey
from tests.support.post import Post
from tests.support.recovering import start_at_window
from tests.unit.idp.authenticators.test_pages import enrol, form_to, options

NEW = "tides come in and tides go out"


@pytest.fixture
def post(provider: Provider) -> Post:
    made = Post()
    provider.deps.messengers["email"] = made  # type: ignore[index]
    return made


def confirm(browser: Browser, post: Post) -> None:
    page = browser.follow(browser.submit(browser.get("/account/contacts/email"), "email", email="c@example.cn"))
    browser.follow(browser.submit(page, "one-time-code", one_time_code=post.code))


def prepared(provider: Provider, post: Post) -> tuple[Browser, Passkey]:
    """Somebody logged in, with a confirmed address and a passkey."""
    browser = provider.browser()
    browser.log_in()
    confirm(browser, post)
    return browser, enrol(browser)


def waiting(provider: Provider, post: Post, passkey: Passkey) -> Browser:
    browser = provider.browser()
    assert 'href="/recovery"' in browser.get("/login").text
    page = browser.submit(browser.get("/recovery"), "username", username="chenxiaochao")
    page = browser.submit(browser.follow(page), "one-time-code", one_time_code=post.code)
    page = browser.follow(page)
    answer = browser.send(form_to(page, "/recovery/passkey"), credential=passkey.get(options(page, "data-passkey-get")))
    assert "请等候" in browser.follow(answer).text
    return browser


def test_somebody_gets_back_in_through_the_pages(provider: Provider, post: Post, clock: FixedClock) -> None:
    owner, passkey = prepared(provider, post)
    browser = waiting(provider, post, passkey)
    assert "有人正在找回这个账号" in owner.get("/account").text
    clock.advance(timedelta(days=1))
    page = browser.get("/recovery")
    assert 'autocomplete="new-password"' not in page.text
    page = browser.follow(browser.send(form_to(page, "/recovery/again")))
    weak = browser.submit(page, "new-password", one_time_code=post.code, new_password="password1234567")
    assert (weak.status_code, "太常见" in weak.text) == (422, True)
    done = browser.submit(weak, "new-password", one_time_code=post.code, new_password=NEW)
    assert "已经找回" in done.text
    assert owner.client.get("/account").headers["Location"] == "/login"
    assert browser.log_in(password=NEW).status_code == 303
    assert "忘记口令，或者丢了" in browser.get("/recovery").text


def test_its_owner_cancels_it_on_their_page(provider: Provider, post: Post, clock: FixedClock) -> None:
    owner, passkey = prepared(provider, post)
    browser = waiting(provider, post, passkey)
    page = owner.send(form_to(owner.get("/account"), "/account/recovery/cancel"))
    assert "有人正在找回" not in owner.follow(page).text
    clock.advance(timedelta(days=1))
    assert "忘记口令，或者丢了" in browser.get("/recovery").text


def test_no_header_leads_elsewhere_and_the_cookie_is_the_browsers_alone(provider: Provider, post: Post) -> None:
    prepared(provider, post)
    browser = provider.browser()
    form = form_to(browser.get("/recovery"), "/recovery")
    values = form.values | {"name": "chenxiaochao"}
    answer = browser.client.post("/recovery", data=values, headers={"X-Forwarded-Host": "evil.example"})
    assert answer.headers["Location"] == "/recovery"
    (cookie,) = (one for one in answer.headers.getlist("Set-Cookie") if "_recovery=" in one)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "evil" not in post.sent[-1][2]


def test_a_window_code_and_a_wrong_one(provider: Provider, clock: FixedClock) -> None:
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    code = start_at_window(provider.deps, account.id)
    clock.advance(timedelta(days=1))
    browser = provider.browser()
    assert "请到服务窗口办理" in browser.get("/recovery").text
    typed = {"username": "chenxiaochao", "new_password": NEW}
    page = browser.submit(browser.get("/recovery/window"), "new-password", one_time_code="AAAA-BBBB-CCCC", **typed)
    assert (page.status_code, 'value="chenxiaochao"' in page.text) == (401, True)
    assert "已经找回" in browser.submit(page, "new-password", one_time_code=code, **typed).text


@pytest.mark.parametrize(
    "path",
    [
        "/recovery",
        "/recovery/code",
        "/recovery/proof",
        "/recovery/passkey",
        "/recovery/again",
        "/recovery/password",
        "/recovery/window",
    ],
)
def test_an_empty_form_takes_no_step(provider: Provider, post: Post, path: str) -> None:
    """An empty POST that skips a stage (authentik 2026-49448), or strange bytes in it, get the same page once more."""
    browser = provider.browser()
    token = form_to(browser.get("/recovery"), "/recovery").values["csrf_token"]
    for junk in ({}, {"code": "\0", "credential": "[" * 9000, "name": "\0\u202e", "channel": "fax"}):
        answer = browser.client.post(path, data={"csrf_token": token, **junk})
        assert answer.status_code in {303, 400, 401, 404}
        assert post.sent == []
