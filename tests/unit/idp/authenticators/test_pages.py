"""The pages on which people change what they log in with, and the login by passkey, as a browser sees them."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pyotp
from werkzeug.test import TestResponse

from kernel.clock import FixedClock
from tests.support.idp import Browser, Provider
from tests.support.passkeys import Passkey
from tests.support.relying_party import Form, forms

LIST = "/account/authenticators"


def form_to(page: TestResponse, path: str) -> Form:
    return next(form for form in forms(page.text) if form.action.partition("?")[0] == path)


def options(page: TestResponse, attribute: str) -> str:
    found = re.search(rf'{attribute}="([^"]*)"', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def enrol(browser: Browser) -> Passkey:
    passkey = Passkey()
    page = browser.get("/account/passkeys")
    answer = passkey.create(options(page, "data-passkey-create"))
    done = browser.follow(browser.send(form_to(page, "/account/passkeys"), credential=answer, name="我的手机"))
    assert "通行密钥 · 我的手机" in done.text
    return passkey


def test_a_passkey_is_enrolled_and_logs_in_without_a_name(browser: Browser, provider: Provider) -> None:
    passkey = enrol(browser)
    other = provider.browser()
    page = other.get("/login")
    answer = other.send(form_to(page, "/login/passkey"), credential=passkey.get(options(page, "data-passkey-get")))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "双重验证" in other.get("/").text


def test_a_department_that_asks_for_more_is_satisfied_by_a_passkey(browser: Browser, provider: Provider) -> None:
    passkey = enrol(browser)
    page = browser.get("/oauth/authorize", provider.request(acr_values="urn:chaoxin:aal:2"))
    assert "恢复码" in page.text
    answer = browser.send(form_to(page, "/login/passkey"), credential=passkey.get(options(page, "data-passkey-get")))
    assert "code=" in answer.headers["Location"]


def test_a_passkey_that_is_refused_leads_back_to_the_login(browser: Browser, provider: Provider) -> None:
    passkey = enrol(browser)
    passkey.origin = "https://evil.example"
    other = provider.browser()
    page = other.get("/login")
    answer = other.send(form_to(page, "/login/passkey"), credential=passkey.get(options(page, "data-passkey-get")))
    assert (answer.status_code, "通行密钥没有通过验证" in answer.text) == (401, True)
    assert other.send(form_to(answer, "/login/passkey"), credential="{}").status_code == 401


def test_before_a_change_an_old_login_is_renewed_and_leads_back(browser: Browser, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=600))
    page = browser.get("/account/password")
    assert "请重新登录" in page.text
    answer = browser.type_password(page)
    assert (answer.status_code, answer.headers["Location"]) == (303, LIST)
    page = browser.get("/account/password")
    assert "15" in page.text
    answer = browser.submit(page, "new-password", new_password="too short")
    assert (answer.status_code, "password_unsuitable" in answer.text, "too short" in answer.text) == (422, False, False)
    answer = browser.submit(page, "new-password", new_password="seven unrelated words are quite enough")
    assert answer.headers["Location"] == LIST
    assert "口令已更改" in browser.get(LIST).text


def test_nowhere_else_does_a_login_lead(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.get("/login?then=https://evil.example")
    assert "evil" not in page.text.partition("<main")[2].partition("</main>")[0]
    assert browser.type_password(page).headers["Location"] == "/"


def test_an_application_is_enrolled_by_its_qr_code_and_then_asked_for(
    browser: Browser, provider: Provider, clock: FixedClock
) -> None:
    page = browser.get("/account/totp")
    secret = re.search(r'<code class="cx-mono">([A-Z2-7]+)</code>', page.text)
    assert secret is not None
    assert 'src="data:image/svg+xml' in page.text
    wrong = browser.submit(page, "one-time-code", one_time_code="000000", name="手机")
    assert (wrong.status_code, secret[1] in wrong.text) == (401, True)
    code = str(pyotp.TOTP(secret[1]).at(clock.now()))
    done = browser.follow(browser.submit(wrong, "one-time-code", one_time_code=code, name="手机"))
    # The owner is logged in by password alone, and what follows takes the stronger login.
    assert "动态验证码 · 手机" in done.text
    assert "请重新登录" in browser.follow(browser.send(form_to(done, "/account/recovery-codes"))).text
    clock.advance(timedelta(seconds=30))
    asked = browser.follow(browser.type_password(browser.get("/login?then=authenticators")))
    code = str(pyotp.TOTP(secret[1]).at(clock.now()))
    back = browser.submit(asked, "one-time-code", one_time_code=code)
    assert back.headers["Location"] == LIST
    shown = browser.send(form_to(browser.get(LIST), "/account/recovery-codes"))
    codes = re.findall(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}", shown.text)
    assert len(codes) == 10
    assert codes[0] not in browser.get(LIST).text
    other = provider.browser()
    asked = other.follow(other.log_in())
    assert other.submit(asked, "one-time-code", one_time_code=codes[0]).status_code == 303


def test_an_application_is_renamed_and_removed(browser: Browser, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=1))
    passkey = enrol(browser)
    page = browser.get("/login?then=authenticators")
    browser.send(form_to(page, "/login/passkey"), credential=passkey.get(options(page, "data-passkey-get")))
    page = browser.get(LIST)
    _, rename = re.findall(r'href="(/account/authenticators/[^"]+/name)"', page.text)
    form = form_to(browser.get(rename), rename)
    assert browser.send(form, name="\u202e").status_code == 422
    assert "通行密钥 · 平板" in browser.follow(browser.send(form, name="平板")).text
    password, passkey_form = (form for form in forms(page.text) if form.action == LIST + "/remove")
    assert "通行密钥“平板”已移除" in browser.follow(browser.send(passkey_form)).text
    last = browser.send(password)
    assert (last.status_code, "所以没有移除" in last.text) == (409, True)
    assert browser.send(passkey_form).status_code == 404


def test_strangers_see_none_of_it(provider: Provider) -> None:
    for path in (LIST, "/account/password", "/account/totp", "/account/passkeys", "/account/certificates", LIST + "/x/name"):
        answer = provider.browser().client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login?then=authenticators")
