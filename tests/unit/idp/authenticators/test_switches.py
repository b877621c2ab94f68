"""G10: one kind of authenticator or one directory is switched off: its sessions end, nobody comes in by it, the page says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa

from idp.authenticators import passkeys, switches
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.interaction import login
from idp.ports import IdpDeps
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import PASSWORD, TOTP_SECRET, Provider, add_account, events
from tests.support.passkeys import BROWSER, enrolled, enter, submit
from tests.unit.idp.authenticators.test_pages import form_to

OFFICER = "account:officer"
HOME = Device("192.0.2.1")


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def by_password(deps: IdpDeps, username: str = "chenxiaochao") -> Any:
    return login.submit_password(
        deps, transaction_id=None, visit=Visit(BROWSER), device=HOME, username=username, password=PASSWORD
    )


def test_g10_a_kind_is_switched_off_and_on_and_only_its_sessions_end(deps: IdpDeps, engine: sa.Engine) -> None:
    account, other = add_account(deps), add_account(deps, "huangyao")
    passkey = enrolled(deps, enter(deps))
    options = passkeys.request_options(deps, BROWSER, None)
    submit(deps, passkey.get(options))
    enter(deps, "huangyao")
    assert switches.count_concerned(deps, "authenticator:passkey") == 1
    ended = switches.switch_off(deps, "authenticator:passkey", "型号有漏洞", actor=OFFICER)
    left = [{method for one in sessions.listed(deps, who.id) for method in one.session.amr} for who in (account, other)]
    assert (ended, left) == (1, [{"pwd"}, {"pwd"}])
    options = passkeys.request_options(deps, BROWSER, None)
    assert refused(lambda: submit(deps, passkey.get(options))) == "login_switched_off"
    assert isinstance(by_password(deps), login.LoggedIn), "another way stays open"
    assert switches.switch_off(deps, "authenticator:passkey", "又一次", actor=OFFICER) == 0
    assert [one.reason for one in switches.listed(deps)] == ["型号有漏洞"]
    switches.switch_on(deps, "authenticator:passkey", actor=OFFICER)
    submit(deps, passkey.get(options))
    assert refused(lambda: switches.switch_on(deps, "authenticator:passkey", actor=OFFICER)) == "login_switch_unknown"
    assert [len(events(engine, action)) for action in ("idp.switch_off", "idp.switch_on")] == [1, 1]


def test_what_an_application_protects_is_not_open_without_it(light: IdpDeps, clock: FixedClock) -> None:
    add_account(light, totp_secret=TOTP_SECRET)
    switches.switch_off(light, "authenticator:totp", "服务器密钥外泄", actor=OFFICER)
    asked = by_password(light)
    assert isinstance(asked, login.NeedsCode)
    code = pyotp.TOTP(TOTP_SECRET).at(clock.now())
    assert (
        refused(
            lambda: login.submit_code(light, transaction_id=asked.transaction_id, visit=Visit(BROWSER), device=HOME, code=code)
        )
        == "login_switched_off"
    )


def test_no_password_is_compared_while_passwords_are_off(light: IdpDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    add_account(light)
    switches.switch_off(light, "authenticator:password", "口令库外泄", actor=OFFICER)
    monkeypatch.setattr(login.passwords, "matches", lambda *_: pytest.fail("it was compared"))
    assert refused(lambda: by_password(light)) == refused(lambda: by_password(light, "nobody")) == "login_switched_off"


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("", "why"),
        ("authenticator:", "why"),
        ("authenticator:fax", "why"),
        ("directory:none", "why"),
        ("authenticator:totp", " "),
        ("authenticator:totp", "x" * 201),
        ("authenticator:totp", "a\u202eb"),
    ],
)
def test_what_is_not_there_or_has_no_reason_is_not_switched(light: IdpDeps, what: str, reason: str) -> None:
    assert refused(lambda: switches.switch_off(light, what, reason, actor=OFFICER)) == "login_switch_unknown"
    assert switches.listed(light) == []


def test_the_login_page_says_why_and_leaves_the_other_ways(provider: Provider) -> None:
    browser = provider.browser()
    assert "data-passkey-get" in browser.get("/login").text
    switches.switch_off(provider.deps, "authenticator:passkey", "型号有漏洞", actor=OFFICER)
    page = browser.get("/login")
    assert "通行密钥暂停用于登录" in page.text
    assert "型号有漏洞。请换一种登录方式" in page.text
    assert "data-passkey-get" not in page.text
    assert browser.type_password(page).status_code == 303
    switches.switch_off(provider.deps, "authenticator:password", "口令库外泄", actor=OFFICER)
    answer = provider.browser().log_in()
    assert (answer.status_code, "口令暂停用于登录：口令库外泄" in answer.text) == (403, True)
    assert form_to(answer, "/login") is not None
