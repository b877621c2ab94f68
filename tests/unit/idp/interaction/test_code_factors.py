"""Codes by SMS after the password: where policies let them, for those who enrolled nothing better, once, in one login."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.people import accounts
from idp.ports import IdpDeps
from tests.support.idp import TOTP_SECRET, Browser, Provider
from tests.support.post import Post
from tests.unit.idp.authenticators.test_pages import form_to

PHONE = "138 0000 0002"
HIGH = "urn:chaoxin:aal:2"


def confirm(deps: IdpDeps, **changes: Any) -> None:
    """Let the citizen have confirmed a phone number, or ``changes``."""
    account = accounts.get_by_username(deps, "chenxiaochao")
    changed = replace(account, **{"phone": PHONE, "confirmed": ("phone",), **changes})
    with deps.work.begin() as work:
        work.records.put_person(accounts.seal(deps, changed, deps.clock.now()))


@pytest.fixture
def post(provider: Provider) -> Post:
    made = Post()
    provider.deps.messengers["phone"] = made  # type: ignore[index]
    return made


def asked(provider: Provider) -> tuple[Browser, Any]:
    """Return a browser in which a department asks for more than a password."""
    browser = provider.browser()
    browser.log_in()
    return browser, browser.get("/oauth/authorize", provider.request(acr_values=HIGH))


def test_an_sms_follows_the_password_and_the_token_says_so(provider: Provider, post: Post) -> None:
    confirm(provider.deps)
    browser, page = asked(provider)
    assert "13*******0002" in page.text
    assert 'autocomplete="one-time-code"' not in page.text
    page = browser.follow(browser.send(form_to(page, "/login/second-factor/send")))
    code = post.code
    answer = browser.submit(page, "one-time-code", one_time_code=code)
    assert "code=" in answer.headers["Location"]
    with provider.deps.work.read() as work:
        account = work.records.find_username("chenxiaochao")
        assert account is not None
        (session,) = work.records.sessions(account.id)
    assert (session.acr, session.amr) == (HIGH, ("pwd", "sms"))
    assert post.sent[-1][0] == PHONE
    assert "上次用验证码登录" in browser.get("/account/authenticators").text


def test_a_code_is_for_one_login_and_works_once(provider: Provider, post: Post) -> None:
    confirm(provider.deps)
    browser, page = asked(provider)
    page = browser.follow(browser.send(form_to(page, "/login/second-factor/send")))
    first = post.code
    other, elsewhere = asked(provider)
    elsewhere = other.follow(other.send(form_to(elsewhere, "/login/second-factor/send")))
    assert browser.submit(page, "one-time-code", one_time_code=post.code).status_code == 401, "another login's"
    assert other.submit(elsewhere, "one-time-code", one_time_code=first).status_code == 401, "voided by the later one"
    assert other.submit(elsewhere, "one-time-code", one_time_code=post.code).status_code == 303


def test_a_code_is_void_when_none_goes_there_any_more(provider: Provider, post: Post) -> None:
    confirm(provider.deps)
    browser, page = asked(provider)
    page = browser.follow(browser.send(form_to(page, "/login/second-factor/send")))
    confirm(provider.deps, phone="138 0000 0003")
    assert browser.submit(page, "one-time-code", one_time_code=post.code).status_code == 401
    confirm(provider.deps)
    assert browser.submit(page, "one-time-code", one_time_code=post.code).status_code == 303


def test_sending_and_trying_have_an_end(provider: Provider, post: Post) -> None:
    confirm(provider.deps)
    browser, page = asked(provider)
    answers = []
    for _ in range(6):
        answer = browser.send(form_to(page, "/login/second-factor/send"))
        answers.append(answer.status_code)
    assert (answers, len(post.sent)) == ([303] * 5 + [429], 5)
    wrong = "000000" if post.code != "000000" else "000001"
    tries = [browser.submit(answer, "one-time-code", one_time_code=wrong).status_code for _ in range(6)]
    assert tries == [401] * 5 + [429]
    post.broken = True
    assert browser.submit(answer, "one-time-code", one_time_code=post.code).status_code == 429


@pytest.mark.parametrize("case", ["unconfirmed", "application", "policy", "no gateway"])
def test_nobody_else_is_sent_one(provider: Provider, post: Post, case: str) -> None:
    """A stolen number must not open what an application protects; and what is not offered cannot be asked for."""
    confirm(provider.deps, confirmed=() if case == "unconfirmed" else ("phone",))
    deps = provider.deps
    if case == "application":
        account = accounts.get_by_username(deps, "chenxiaochao")
        accounts.one_time_codes.enrol(deps, account.id, actor="operator:test")
    if case == "policy":
        rules = deps.policies.assurance.sent_codes.model_copy(update={"login": ()})
        assurance = deps.policies.assurance.model_copy(update={"sent_codes": rules})
        provider = Provider(replace(deps, policies=deps.policies.model_copy(update={"assurance": assurance})))
    if case == "no gateway":
        del deps.messengers["phone"]  # type: ignore[attr-defined]
    browser = provider.browser()
    page = browser.type_password(browser.get("/oauth/authorize", provider.request(acr_values=HIGH)))
    if case == "application":
        page = browser.follow(page)
        assert "/login/second-factor/send" not in page.text
        action = form_to(page, "/login/second-factor").action.replace("second-factor", "second-factor/send")
        token = form_to(page, "/login/second-factor").values["csrf_token"]
        assert browser.client.post(action, data={"csrf_token": token}).status_code == 404
    else:
        assert "error=unmet_authentication_requirements" in page.headers["Location"]
    assert post.sent == []


@pytest.mark.usefixtures("post")
def test_staff_are_never_sent_one(provider: Provider) -> None:
    provider.add_account("lin", kind="staff", totp_secret=TOTP_SECRET)
    browser = provider.browser()
    page = browser.follow(browser.log_in("lin"))
    assert "验证器现在显示" in page.text
    assert "second-factor/send" not in page.text
