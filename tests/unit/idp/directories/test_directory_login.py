"""Staff log in with what their department's directory knows; it is asked, and believed for its own people only."""

from __future__ import annotations

from dataclasses import replace

import pyotp
import pytest
import sqlalchemy as sa

from idp.authenticators import passkeys
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.directories.people import Intake, judge
from idp.interaction import login
from idp.people import accounts, one_time_codes
from idp.ports import IdpDeps
from idp.records import Account, Authenticator
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support import passkeys as keys
from tests.support.idp import OPERATOR, TOTP_SECRET, Provider, add_account, events
from tests.support.staff import MARKET, PASSWORD, MemoryDirectory, with_directories
from tests.unit.idp.test_concurrency import at_once

LIN = "lin@scjg"


@pytest.fixture
def market() -> MemoryDirectory:
    made = MemoryDirectory()
    made.put("lin", phone="13800000000", email="lin@example.cn", unit="行政审批科", groups=("cn=clerks",))
    return made


@pytest.fixture
def staffed(light: IdpDeps, market: MemoryDirectory) -> IdpDeps:
    return with_directories(light, market)


def submit(deps: IdpDeps, username: str = LIN, password: str = PASSWORD) -> login.LoggedIn | login.NeedsCode:
    visit, device = Visit("a browser"), Device("192.0.2.1")
    return login.submit_password(deps, transaction_id=None, visit=visit, device=device, username=username, password=password)


def refusal_of(deps: IdpDeps, username: str = LIN, password: str = PASSWORD) -> str:
    with pytest.raises(Refusal) as caught:
        submit(deps, username, password)
    return caught.value.code


def enrolled(deps: IdpDeps) -> Account:
    """Lin's account with a second factor, made by a first login."""
    assert refusal_of(deps) == "second_factor_missing"
    account = accounts.get_by_username(deps, LIN)
    secret = one_time_codes.seal_secret(deps, account.id, TOTP_SECRET)
    with deps.work.begin() as work:
        work.records.add_authenticator(Authenticator("totp", account.id, "totp", "", secret, deps.clock.now()))
    return account


def log_in(deps: IdpDeps, clock: FixedClock) -> str:
    """Log Lin in with both factors and return the cookie."""
    waiting = submit(deps)
    assert isinstance(waiting, login.NeedsCode)
    code = pyotp.TOTP(TOTP_SECRET).at(clock.now())
    visit, device = Visit("a browser"), Device("192.0.2.1")
    return login.submit_code(deps, transaction_id=waiting.transaction_id, visit=visit, device=device, code=code).started.cookie


def test_the_first_login_makes_the_account_as_the_directory_has_it(staffed: IdpDeps) -> None:
    account = enrolled(staffed)
    assert (account.kind, account.name, account.phone, account.email) == ("staff", "林文书", "13800000000", "lin@example.cn")
    assert (account.organization, account.department, account.roles) == ("潮州市市场监督管理局", "行政审批科", ("clerk",))
    with staffed.work.read() as work:
        assert [each.kind for each in work.records.authenticators(account.id)] == ["totp"], "no password is kept"
        assert [each.level for each in work.records.verifications(account.id)] == [account.real_name_level]


def test_both_factors_give_the_level_that_policies_say(staffed: IdpDeps, clock: FixedClock) -> None:
    enrolled(staffed)
    current = sessions.find_current(staffed, log_in(staffed, clock))
    assert current is not None
    assert (current.session.acr, current.session.amr) == ("urn:chaoxin:aal:2", ("otp", "pwd"))


def test_what_changed_in_the_directory_is_so_here_at_the_next_login(staffed: IdpDeps, market: MemoryDirectory) -> None:
    before = enrolled(staffed)
    market.put("lin", name="林文书二", phone=None, groups=("cn=chiefs",))
    submit(staffed)
    after = accounts.get_by_username(staffed, LIN)
    assert (after.id, after.name, after.phone, after.roles) == (before.id, "林文书二", None, ("clerk", "department_admin"))


def test_what_cannot_be_taken_over_keeps_nobody_out_who_is_known(staffed: IdpDeps, market: MemoryDirectory) -> None:
    enrolled(staffed)
    market.put("lin", name="\u202e")
    assert isinstance(submit(staffed), login.NeedsCode)
    assert accounts.get_by_username(staffed, LIN).name == "林文书"
    market.put("new", name="\u202e")
    assert refusal_of(staffed, "new@scjg") == "account_unsuitable"


def test_no_group_makes_an_admin_whatever_the_configuration_says(staffed: IdpDeps, market: MemoryDirectory) -> None:
    enrolled(staffed)
    market.put("lin", groups=("cn=admins", "cn=clerks", "cn=unheard-of"))
    submit(staffed)
    account = accounts.get_by_username(staffed, LIN)
    assert (account.kind, account.roles) == ("staff", ("clerk",))


def test_a_password_is_asked_of_nobody_but_the_directory_that_the_name_ends_with(light: IdpDeps, market: MemoryDirectory) -> None:
    other = MemoryDirectory(replace(MARKET, name="rsj"))
    deps = with_directories(light, market, other)
    for username in ("lin@rsj", "lin@nowhere", "lin"):
        assert refusal_of(deps, username) == "login_failed"
    assert market.asked == []
    assert other.asked == ["find lin", "verify nobody"]


def test_a_wrong_password_and_an_unknown_name_cost_and_say_the_same(staffed: IdpDeps, market: MemoryDirectory) -> None:
    assert refusal_of(staffed, password="wrong") == refusal_of(staffed, "nobody@scjg") == "login_failed"
    assert [each.split()[0] for each in market.asked] == ["find", "verify"] * 2
    assert accounts.find_by_username(staffed, LIN) is None, "a wrong password makes no account"


def test_a_local_account_never_opens_by_a_directory_and_no_name_of_a_directory_can_be_taken(staffed: IdpDeps) -> None:
    local = add_account(staffed, "lin")
    with pytest.raises(Refusal) as refused:
        add_account(staffed, LIN)
    assert (refused.value.code, refused.value.field) == ("account_unsuitable", "username")
    enrolled(staffed)
    assert accounts.get_by_username(staffed, "lin").id == local.id
    assert refusal_of(staffed, "lin") == "login_failed"


def test_an_account_that_has_the_name_already_is_not_taken_over(light: IdpDeps, market: MemoryDirectory) -> None:
    before = add_account(light, LIN)  # when the directory was not configured yet
    deps = with_directories(light, market)
    assert refusal_of(deps) == "account_exists"
    assert accounts.get_by_username(deps, LIN).kind == before.kind == "citizen"


def test_a_password_kept_here_opens_nothing_that_the_directory_closes(staffed: IdpDeps, market: MemoryDirectory) -> None:
    account = enrolled(staffed)
    with staffed.work.begin() as work:
        from idp.people import passwords  # noqa: PLC0415 - this test alone plants what must not count

        secret = passwords.hash_password("a password set by some reset")
        work.records.add_authenticator(Authenticator("pwd", account.id, "password", "", secret, staffed.clock.now()))
    assert refusal_of(staffed, password="a password set by some reset") == "login_failed"
    assert market.asked[-1] == "verify lin"


@pytest.mark.parametrize("lock", ["disabled", "expired", "locked"])
def test_who_is_locked_in_the_directory_is_out_at_once_with_all_sessions(
    staffed: IdpDeps, market: MemoryDirectory, clock: FixedClock, lock: str
) -> None:
    enrolled(staffed)
    cookie = log_in(staffed, clock)
    market.put("lin", lock=lock)
    assert refusal_of(staffed) == ("login_failed" if lock == "locked" else "account_disabled")
    assert sessions.find_current(staffed, cookie) is None
    market.put("lin", lock=None)
    assert isinstance(submit(staffed), login.NeedsCode)


def test_a_wrong_password_closes_the_sessions_of_whoever_is_locked_as_well(
    staffed: IdpDeps, market: MemoryDirectory, clock: FixedClock
) -> None:
    enrolled(staffed)
    cookie = log_in(staffed, clock)
    market.put("lin", lock="disabled")
    assert refusal_of(staffed, password="wrong") == "login_failed"
    assert sessions.find_current(staffed, cookie) is None


def test_somebody_disabled_by_an_admin_is_not_let_in_by_the_directory(staffed: IdpDeps, market: MemoryDirectory) -> None:
    account = enrolled(staffed)
    accounts.disable(staffed, account.id, actor=OPERATOR)
    market.put("lin", lock="disabled")
    assert refusal_of(staffed) == "account_disabled"
    market.put("lin", lock=None)
    assert refusal_of(staffed) == "account_disabled"


def test_a_password_that_was_reset_must_be_changed_there_first(staffed: IdpDeps, market: MemoryDirectory) -> None:
    market.put("lin", must_change=True)
    assert refusal_of(staffed) == "directory_password_reset"


def test_requirement_24_tries_count_against_the_person_however_the_name_is_spelt(
    staffed: IdpDeps, market: MemoryDirectory
) -> None:
    enrolled(staffed)
    # With the try of before the second factor was there these are five.
    names = ("lin@scjg", "LIN@scjg", " lin@SCJG ", "Lin@scjg")
    assert [refusal_of(staffed, name, "wrong") for name in names] == ["login_failed"] * 4
    market.asked.clear()
    assert refusal_of(staffed) == "login_throttled"
    assert market.asked == ["find lin"], "a blocked try is not bound"


def test_a_directory_that_is_away_is_told_and_costs_nobody_a_try(
    staffed: IdpDeps, market: MemoryDirectory, clock: FixedClock
) -> None:
    enrolled(staffed)
    cookie = log_in(staffed, clock)
    current = sessions.find_current(staffed, cookie)
    assert current is not None
    passkey = keys.enrolled(staffed, current)
    market.away = True
    limit = staffed.policies.assurance.throttle.account_failures
    assert [refusal_of(staffed) for _ in range(limit + 1)] == ["staff_directory_away"] * (limit + 1)
    assert sessions.find_current(staffed, cookie) is not None, "nobody is logged out because a directory is away"
    add_account(staffed, "local")
    assert isinstance(submit(staffed, "local", "a wholly unlikely pass phrase"), login.LoggedIn)
    assert keys.submit(staffed, passkey.get(passkeys.request_options(staffed, keys.BROWSER, None))).account.username == LIN
    market.away = False
    assert isinstance(submit(staffed), login.NeedsCode)


def test_the_page_says_whose_directory_is_away(provider: Provider, market: MemoryDirectory) -> None:
    market.away = True
    object.__setattr__(provider.deps, "directories", {"scjg": market})
    browser = provider.browser()
    answer = browser.log_in(LIN, PASSWORD)
    assert answer.status_code == 503
    assert "潮州市市场监督管理局的单位目录暂时没有应答" in answer.text
    browser.get("/login?lang=en")
    assert "does not answer at the moment" in browser.log_in(LIN, PASSWORD).text


def test_neither_passwords_nor_typed_names_are_audited(staffed: IdpDeps, sqlite: sa.Engine) -> None:
    refusal_of(staffed, "my-secret@scjg", "another-secret")
    refusal_of(staffed, password="another-secret")
    assert "secret" not in str(events(sqlite, "idp.login"))


def test_two_first_logins_at_once_make_one_account(deps: IdpDeps, market: MemoryDirectory) -> None:
    entry = market.people["lin"]

    def take(_number: int) -> object:
        with deps.work.begin() as work:
            intake = Intake(work, deps, MARKET, deps.clock.now(), "system")
            return intake.take_over(judge(deps, MARKET, entry, None, intake.now), intake.find(entry.id))

    changes = at_once(8, take)
    assert sum(change.is_new for change in changes) == 1
    assert [change.refusal for change in changes] == [None] * 8
    assert len(accounts.page(deps)) == 1
