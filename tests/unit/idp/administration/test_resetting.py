"""What an official lost is replaced by two admins: the half that was lost alone, sessions ended, the official told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from idp import notices
from idp.administration import proposals
from idp.administration.acts import Wish
from idp.administration.admins import operator
from idp.administration.resetting import Handed
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.interaction import login
from idp.ports import IdpDeps
from idp.records import Account
from idp.recovery import window
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import PASSWORD, TOTP_SECRET, add_account, events

CHEN, LIN = operator("operator:Chen"), operator("operator:Lin")
HERE, HOME = Visit(("a browser",)), Device("192.0.2.1", "Firefox")
NEW = "tides come in and tides go out"


def admin(deps: IdpDeps) -> Account:
    account = add_account(deps, "anquan", kind="security_admin", roles=("security_admin",), totp_secret=TOTP_SECRET)
    with deps.work.begin() as work:
        sessions.start(work, deps, account.id, ("pwd", "otp"), HOME)
    return account


def approved(deps: IdpDeps, account: Account, wish: Wish) -> Handed:
    waiting = proposals.ask(deps, CHEN, wish, account.id, reason="手机遗失")
    assert waiting is not None
    handed = proposals.approve(deps, LIN, waiting.id).handed
    assert handed is not None
    assert handed.value not in repr(handed)
    return handed


def enter(deps: IdpDeps, password: str, secret: str) -> None:
    asked = login.submit_password(deps, transaction_id=None, visit=HERE, device=HOME, username="anquan", password=password)
    assert isinstance(asked, login.NeedsCode)
    code = pyotp.TOTP(secret).at(deps.clock.now())
    login.submit_code(deps, transaction_id=asked.transaction_id, visit=HERE, device=HOME, code=code)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def test_a_lost_second_factor_is_replaced_and_the_password_stays(deps: IdpDeps, engine: sa.Engine) -> None:
    account = admin(deps)
    handed = approved(deps, account, "reset_factor")
    assert sessions.listed(deps, account.id) == []
    assert refused(lambda: enter(deps, PASSWORD, TOTP_SECRET)) == "one_time_code_wrong"
    enter(deps, PASSWORD, handed.value)
    assert "换了新的验证器" in notices.told(deps, account.id)[0].text.zh + notices.told(deps, account.id)[1].text.zh
    (event,) = events(engine, "idp.reset_factor")
    assert (event["actor"], "operator:Chen" in event["details"], handed.value in str(event)) == ("operator:Lin", True, False)


def test_a_lost_password_is_replaced_after_the_wait_and_the_second_factor_stays(light: IdpDeps, clock: FixedClock) -> None:
    account = admin(light)
    handed = approved(light, account, "reset_password")
    assert sessions.listed(light, account.id) == []

    def set_password() -> None:
        window.complete(light, HOME, name="anquan", code=handed.value, password=NEW)

    assert refused(set_password) == "recovery_early"
    clock.advance(timedelta(days=1))
    set_password()
    enter(light, NEW, TOTP_SECRET)
    assert any("第二种验证方式不变" in one.text.zh for one in notices.told(light, account.id))


def test_nobody_else_is_helped_so_and_nobody_alone_helps(light: IdpDeps) -> None:
    account, citizen = admin(light), add_account(light)
    for wish in ("reset_password", "reset_factor"):
        assert refused(lambda wish=wish: proposals.ask(light, CHEN, wish, citizen.id, reason="遗失")) == "reset_unsuitable"
    waiting = proposals.ask(light, CHEN, "reset_factor", account.id, reason="遗失")
    assert waiting is not None
    assert refused(lambda: proposals.approve(light, operator("operator: chen"), waiting.id)) == "second_admin_needed"
    assert refused(lambda: proposals.approve(light, operator("operator:Anquan"), waiting.id)) == "act_on_oneself"
    enter(light, PASSWORD, TOTP_SECRET)
