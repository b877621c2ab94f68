"""Logging in: passwords, one-time codes, throttling, sessions; and what each wrong input is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from idp.authenticators import new_password, second_factors, switches
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.interaction import login
from idp.logout import ending
from idp.people import accounts, passwords, throttle
from idp.ports import IdpDeps
from idp.records import Authenticator
from idp.recovery import window as recovery_window
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import (
    OPERATOR,
    PASSWORD,
    TOTP_SECRET,
    Browser,
    Provider,
    add_account,
    another_process,
    events,
    with_limits,
)
from tests.support.relying_party import find_form

SESSION = "chaoxin_445100_session"
NEW = "tides come in and tides go out"


def submit(deps: IdpDeps, username: str = "chenxiaochao", password: str = PASSWORD, address: str = "192.0.2.1") -> object:
    return login.submit_password(
        deps, transaction_id=None, visit=Visit(("a browser",)), device=Device(address), username=username, password=password
    )


def refusal_of(deps: IdpDeps, username: str = "chenxiaochao", password: str | None = None, address: str = "192.0.2.1") -> str:
    with pytest.raises(Refusal) as caught:
        submit(deps, username, password or "wrong", address)
    return caught.value.code


def code_at(clock: FixedClock) -> str:
    return str(pyotp.TOTP(TOTP_SECRET).at(clock.now()))


def alert_of(page: TestResponse) -> str:
    # A browser's form token and a page's challenge are never the same.
    text = re.sub('(name="csrf_token" value|data-passkey-get)="[^"]*"', "", page.text)
    start = text.index('role="alert"')
    return text[start : text.index("</main>", start)]


# Passwords.


def test_the_right_password_starts_a_session_at_the_level_it_reaches(deps: IdpDeps) -> None:
    add_account(deps)
    result = submit(deps)
    assert isinstance(result, login.LoggedIn)
    current = sessions.find_current(deps, result.started.cookie)
    assert current is not None
    assert (current.account.name, current.session.acr, current.session.amr) == ("陈晓潮", "urn:chaoxin:aal:1", ("pwd",))
    assert sessions.find_current(another_process(deps), result.started.cookie) is not None
    assert sessions.find_current(deps, result.started.cookie + "x") is None


@pytest.mark.parametrize("meanwhile", ["recovered", "changed"])
def test_no_session_begins_by_a_password_that_was_replaced_while_it_was_compared(
    deps: IdpDeps, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    account, compared = add_account(deps), passwords.matches

    def matches(password: str, stored: bytes | None) -> bool:
        right = compared(password, stored)
        with deps.work.begin() as work:
            (old,) = work.records.authenticators(account.id)
            if meanwhile == "recovered":
                work.records.remove_authenticator(old.id)
            else:
                assert work.records.replace_secret(old.id, b"another", instead_of=old.secret)
            work.records.end_sessions(account.id, deps.clock.now())
        return right

    monkeypatch.setattr(passwords, "matches", matches)
    assert refusal_of(deps, password=PASSWORD) == "login_failed"
    with deps.work.read() as work:
        assert list(work.records.sessions(account.id)) == []


@pytest.mark.parametrize("username", ["ChenXiaoChao", "  chenxiaochao "])
def test_a_username_is_taken_in_its_normal_form(deps: IdpDeps, username: str) -> None:
    add_account(deps)
    assert isinstance(submit(deps, username), login.LoggedIn)


def test_a_wrong_password_and_an_unknown_username_get_the_same_page(provider: Provider) -> None:
    pages = [provider.browser().log_in(username, "wrong") for username in ("chenxiaochao", "nobody-here")]
    assert [page.status_code for page in pages] == [401, 401]
    assert alert_of(pages[0]) == alert_of(pages[1]).replace("nobody-here", "chenxiaochao")
    assert "用户名或口令不正确" in pages[0].text
    assert 'value="chenxiaochao"' in pages[0].text
    assert "wrong" not in pages[0].text


def test_an_unknown_username_costs_a_password_hash_as_well(deps: IdpDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bool] = []
    matches = passwords.matches
    monkeypatch.setattr(
        passwords, "matches", lambda password, stored: compared.append(stored is None) or matches(password, stored)
    )
    add_account(deps)
    assert refusal_of(deps) == refusal_of(deps, "nobody") == "login_failed"
    assert compared == [False, True]


def test_the_message_is_in_the_language_of_the_page(provider: Provider) -> None:
    browser = provider.browser()
    browser.get("/login?lang=en")
    assert "password" in alert_of(browser.log_in(password="wrong"))


@pytest.mark.parametrize(
    "form", [{}, {"username": "chenxiaochao"}, {"password": PASSWORD}, {"username": "", "password": ""}], ids=str
)
def test_an_empty_post_skips_nothing(provider: Provider, form: dict[str, str]) -> None:
    browser = provider.browser()
    page = browser.get("/login")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    answer = browser.client.post("/login", data={"csrf_token": token, **form})
    assert answer.status_code == 401
    assert browser.client.get_cookie(SESSION) is None


def test_monstrous_input_is_a_wrong_password_and_nothing_worse(provider: Provider) -> None:
    for password in ("x" * 100_000, "\0", "口令" * 1000, "\ud800"):
        answer = provider.browser().log_in(password=password.encode("utf-8", "replace").decode())
        assert answer.status_code == 401


def test_a_form_without_its_token_is_refused(provider: Provider) -> None:
    answer = provider.browser().client.post("/login", data={"username": "chenxiaochao", "password": PASSWORD})
    assert (answer.status_code, "form_expired" in answer.text) == (403, True)


def test_requirement_4_a_credential_post_is_answered_with_303(provider: Provider) -> None:
    answer = provider.browser().log_in()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_disabled_account_is_told_so_only_with_the_right_password(deps: IdpDeps) -> None:
    account = add_account(deps)
    accounts.disable(deps, account.id, actor=OPERATOR)
    assert refusal_of(deps) == "login_failed"
    assert refusal_of(deps, password=PASSWORD) == "account_disabled"


def test_a_hash_of_other_parameters_is_renewed_at_login(deps: IdpDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    account = add_account(deps)
    with deps.work.read() as work:
        before = work.records.authenticators(account.id)[0]
    monkeypatch.setattr(passwords, "needs_new_hash", lambda _stored: True)
    submit(deps)
    with deps.work.read() as work:
        after = work.records.authenticators(account.id)[0]
    assert after.secret != before.secret
    assert after.last_used_at is not None
    assert passwords.matches(PASSWORD, after.secret)


def test_a_hash_is_argon2id_with_the_parameters_of_owasp() -> None:
    stored = passwords.hash_password(PASSWORD)
    assert stored.startswith(b"$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.needs_new_hash(stored)
    assert passwords.needs_new_hash(stored.replace(b"t=2", b"t=1"))
    assert not passwords.matches(PASSWORD, b"damaged")


def test_a_password_counts_in_its_normal_form() -> None:
    assert passwords.matches("café", passwords.hash_password("cafe\u0301"))


# Throttling.


def test_requirement_24_tries_are_limited_per_account_from_any_address(deps: IdpDeps, clock: FixedClock) -> None:
    add_account(deps)
    rules = deps.policies.assurance.throttle
    for number in range(rules.account_failures):
        assert refusal_of(deps, address=f"192.0.2.{number}") == "login_failed"
    assert refusal_of(deps, password=PASSWORD, address="198.51.100.1") == "login_throttled"
    clock.advance(timedelta(seconds=rules.window_seconds))
    assert isinstance(submit(deps), login.LoggedIn)


def test_requirement_24_who_is_refused_has_used_up_nobodys_tries(deps: IdpDeps) -> None:
    few = with_limits(deps, account_failures=3, address_failures=1)
    assert not throttle.take(few, account="one", address="192.0.2.1", name="a").spent
    for account, name in (("two", None), ("two", "b")):
        with pytest.raises(Refusal, match="login_throttled"):
            throttle.take(few, account=account, address="192.0.2.1", name=name)
    tries = [throttle.take(few, account="two", address=f"192.0.2.{number}", name="b").spent for number in (2, 3, 4)]
    assert tries == [False] * 3
    assert throttle.take(few, account="two", address="192.0.2.5", name="c").spent, "by another name, which is not told"


def test_requirement_24_tries_by_other_names_count_and_nobody_learns_whose_they_are(
    deps: IdpDeps, clock: FixedClock, engine: sa.Engine
) -> None:
    account = add_account(deps, phone="13800000001", email="c@example.cn")
    with deps.work.begin() as work:
        work.records.put_person(accounts.seal(deps, replace(account, confirmed=("email", "phone")), clock.now()))
    limit = 2
    deps = with_limits(deps, account_failures=limit)
    assert isinstance(submit(deps, "13800000001"), login.LoggedIn)
    # Of a stranger's name and of a known one, in any spelling, the answers are the same.
    for names in (("13800000001", "+86 138 0000 0001"), ("13800000009", "+86 138 0000 0009")):
        spelt = [names[number % 2] for number in range(limit + 1)]
        assert [refusal_of(deps, name) for name in spelt] == ["login_failed"] * limit + ["login_throttled"]
    # By another name the account's tries are over too, and that is told as if the password were wrong.
    for name, password in (("chenxiaochao", PASSWORD), ("c@example.cn", PASSWORD), ("chenxiaochao", "wrong")):
        assert refusal_of(deps, name, password) == "login_failed"
    last = events(engine, "idp.login")[-1]
    assert (last["details"], last["target"]) == ('{"code":"login_throttled"}', f"account:{account.id}")
    clock.advance(timedelta(seconds=deps.policies.assurance.throttle.window_seconds))
    assert isinstance(submit(deps, "13800000001"), login.LoggedIn)


def test_a_blocked_try_computes_no_hash(deps: IdpDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    add_account(deps)
    for _ in range(deps.policies.assurance.throttle.account_failures):
        refusal_of(deps)
    monkeypatch.setattr(passwords, "matches", lambda *_: pytest.fail("a blocked try was compared"))
    assert refusal_of(deps) == "login_throttled"


def test_an_unknown_username_is_blocked_just_like_a_known_one(deps: IdpDeps) -> None:
    answers = [refusal_of(deps, "nobody") for _ in range(deps.policies.assurance.throttle.account_failures + 1)]
    assert answers == [*["login_failed"] * (len(answers) - 1), "login_throttled"]


def test_tries_are_limited_per_address_over_all_accounts(deps: IdpDeps) -> None:
    few = with_limits(deps, address_failures=3)
    add_account(few)
    for number in range(3):
        assert refusal_of(few, f"somebody-{number}", address="2001:db8::1") == "login_failed"
    assert refusal_of(few, password=PASSWORD, address="2001:db8::2") == "login_throttled", "the same /64"
    assert isinstance(submit(few, address="2001:db8:0:1::1"), login.LoggedIn)


def test_more_tries_may_fail_in_a_hall_where_hundreds_share_an_address_but_no_more_of_one_account(deps: IdpDeps) -> None:
    hall = with_limits(deps, address_failures=2, halls=("10.1.0.0/16",), hall_failures=8)
    add_account(hall)
    most = hall.policies.assurance.throttle.account_failures
    assert [refusal_of(hall, address="10.1.2.3") for _ in range(most + 1)] == [*["login_failed"] * most, "login_throttled"]
    for number in range(8 - most):
        assert refusal_of(hall, f"somebody-{number}", address="::ffff:10.1.2.3") == "login_failed"
    assert refusal_of(hall, "somebody", address="10.1.2.3") == "login_throttled"
    assert [refusal_of(hall, f"else-{number}", address="10.2.0.1") for number in range(3)][1:] == [
        "login_failed",
        "login_throttled",
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:1::1", False),
        ("unix:", "unix:", True),
    ],
)
def test_an_address_counts_for_its_subscriber(one: str, other: str, same: bool) -> None:
    assert (throttle.subscriber(one) == throttle.subscriber(other)) is same


def test_a_success_forgets_the_failures_of_the_account_only(deps: IdpDeps) -> None:
    add_account(deps)
    limit = deps.policies.assurance.throttle.account_failures
    for _ in range(3):
        for _ in range(limit - 1):
            assert refusal_of(deps) == "login_failed"
        assert isinstance(submit(deps), login.LoggedIn)


def test_the_throttled_page_says_when_to_come_back(provider: Provider) -> None:
    browser = provider.browser()
    for _ in range(5):
        browser.log_in(password="wrong")
    answer = browser.log_in()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "15" in alert_of(answer)


def test_failures_are_audited_without_what_was_typed(deps: IdpDeps, engine: sa.Engine) -> None:
    account = add_account(deps)
    refusal_of(deps, password="a slip of the tongue")
    refusal_of(deps, "my-password-typed-as-username")
    found = events(engine, "idp.login")
    assert [event["target"] for event in found] == [f"account:{account.id}", "account:unknown"]
    assert {event["outcome"] for event in found} == {"refused"}
    assert "typed" not in str(found)
    assert "slip" not in str(found)


# The second factor.


@pytest.fixture
def staff(provider: Provider) -> Browser:
    provider.add_account("linwenshu", kind="staff", name="林文书", totp_secret=TOTP_SECRET)
    return provider.browser()


def test_staff_are_asked_for_a_code_and_reach_the_higher_level(staff: Browser, provider: Provider, clock: FixedClock) -> None:
    page = staff.follow(staff.log_in("linwenshu"))
    assert staff.client.get_cookie(SESSION) is None, "the password alone opens nothing"
    answer = staff.submit(page, "one-time-code", one_time_code=code_at(clock))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = staff.client.get_cookie(SESSION)
    assert cookie is not None
    current = sessions.find_current(provider.deps, cookie.value)
    assert current is not None
    assert (current.session.acr, current.session.amr) == ("urn:chaoxin:aal:2", ("otp", "pwd"))


def test_a_request_waits_through_both_factors(staff: Browser, provider: Provider, clock: FixedClock) -> None:
    page = staff.follow(staff.type_password(staff.get("/oauth/authorize", provider.request()), "linwenshu"))
    answer = staff.submit(page, "one-time-code", one_time_code=code_at(clock))
    assert "code=" in answer.headers["Location"]


def recover(deps: IdpDeps, account_id: str) -> None:
    with deps.work.begin() as work:
        code = recovery_window.start(work, deps, account_id, actor=OPERATOR, kinds={"staff"}, new=True)
    recovery_window.complete(deps, Device("192.0.2.2"), name="linwenshu", code=code, password=NEW)


def change_password(deps: IdpDeps, account_id: str) -> None:
    with deps.work.begin() as work:
        started = sessions.start(work, deps, account_id, ("pwd", "otp"), Device("192.0.2.2"))
    new_password.change(deps, Current(started.session, accounts.get_by_username(deps, "linwenshu")), NEW)


def log_out_everywhere(deps: IdpDeps, account_id: str) -> None:
    ending.end_all(deps, account_id, actor=OPERATOR)


@pytest.mark.parametrize("replace_it", [recover, change_password, log_out_everywhere])
@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_password_that_was_passed_is_void_once_it_is_replaced_or_all_sessions_are_ended(
    deps: IdpDeps,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    replace_it: Callable[[IdpDeps, str], None],
    meanwhile: bool,
) -> None:
    account, accept = add_account(deps, "linwenshu", kind="staff", totp_secret=TOTP_SECRET), second_factors.accept
    waiting, visit = submit(deps, "linwenshu"), Visit(("a browser",))
    assert isinstance(waiting, login.NeedsCode)

    def accept_late(deps: IdpDeps, authenticators: Sequence[Authenticator], code: str) -> None:
        accept(deps, authenticators, code)
        replace_it(deps, account.id)

    if meanwhile:  # while the code is compared
        monkeypatch.setattr(second_factors, "accept", accept_late)
    else:
        replace_it(deps, account.id)
    with deps.work.read() as work:
        before = [one.id for one in work.records.sessions(account.id)]
    with pytest.raises(Refusal) as caught:
        login.submit_code(
            deps, transaction_id=waiting.transaction_id, visit=visit, device=Device("192.0.2.1"), code=code_at(clock)
        )
    assert caught.value.code == "transaction_over"
    with deps.work.read() as work:
        assert [one.amr for one in work.records.sessions(account.id) if one.id not in before and one.amr == ("pwd", "otp")] == []


def test_a_password_that_was_passed_opens_nothing_where_passwords_were_switched_off_since(
    light: IdpDeps, clock: FixedClock
) -> None:
    add_account(light, "linwenshu", kind="staff", totp_secret=TOTP_SECRET)
    waiting, visit = submit(light, "linwenshu"), Visit(("a browser",))
    assert isinstance(waiting, login.NeedsCode)
    switches.switch_off(light, "authenticator:password", "泄露", actor=OPERATOR)
    with pytest.raises(Refusal) as caught:
        login.submit_code(
            light, transaction_id=waiting.transaction_id, visit=visit, device=Device("192.0.2.1"), code=code_at(clock)
        )
    assert caught.value.code == "login_switched_off"


@pytest.mark.parametrize("code", ["000000", "", "12345", "1234567", "１２３４５６", "abcdef"])
def test_a_wrong_code_is_told_and_can_be_corrected(staff: Browser, clock: FixedClock, code: str) -> None:
    page = staff.follow(staff.log_in("linwenshu"))
    answer = staff.submit(page, "one-time-code", one_time_code=code)
    assert answer.status_code == 401
    assert "动态验证码不正确" in alert_of(answer)
    spaced = f"{code_at(clock)[:3]} {code_at(clock)[3:]}"
    assert staff.submit(answer, "one-time-code", one_time_code=spaced).status_code == 303


def test_requirement_25_a_code_is_accepted_once(staff: Browser, provider: Provider, clock: FixedClock) -> None:
    page = staff.follow(staff.log_in("linwenshu"))
    staff.submit(page, "one-time-code", one_time_code=code_at(clock))
    other = provider.browser()
    page = other.follow(other.log_in("linwenshu"))
    answer = other.submit(page, "one-time-code", one_time_code=code_at(clock))
    assert answer.status_code == 401
    assert "已经用过" in alert_of(answer)
    clock.advance(timedelta(seconds=30))
    assert other.submit(answer, "one-time-code", one_time_code=code_at(clock)).status_code == 303


def test_a_code_one_step_early_or_late_is_accepted_and_two_are_not(staff: Browser, clock: FixedClock) -> None:
    page = staff.follow(staff.log_in("linwenshu"))
    late = pyotp.TOTP(TOTP_SECRET).at(clock.now() - timedelta(seconds=60))
    assert staff.submit(page, "one-time-code", one_time_code=late).status_code == 401
    just = pyotp.TOTP(TOTP_SECRET).at(clock.now() - timedelta(seconds=30))
    assert staff.submit(page, "one-time-code", one_time_code=just).status_code == 303


def test_requirement_24_codes_are_limited_too_and_the_right_password_resets_nothing(staff: Browser, clock: FixedClock) -> None:
    limit = staff.provider.deps.policies.assurance.throttle.account_failures
    for _ in range(limit):
        page = staff.follow(staff.log_in("linwenshu"))
        assert staff.submit(page, "one-time-code", one_time_code="000000").status_code == 401
    answer = staff.submit(page, "one-time-code", one_time_code=code_at(clock))
    assert answer.status_code == 429
    assert staff.log_in("linwenshu").status_code == 401


def test_the_code_page_of_another_browser_is_refused(staff: Browser, provider: Provider, clock: FixedClock) -> None:
    page = staff.follow(staff.log_in("linwenshu"))
    other = provider.browser()
    own = other.get("/login")
    token = own.text.split('name="csrf_token" value="')[1].split('"')[0]
    path = page.request.url.removeprefix("http://localhost")
    answer = other.client.post(path, data={"csrf_token": token, "code": code_at(clock)})
    assert (answer.status_code, "transaction_elsewhere" in answer.text) == (403, True)


def test_the_code_page_without_a_password_leads_nowhere(provider: Provider, clock: FixedClock) -> None:
    browser = provider.browser()
    page = browser.get("/oauth/authorize", provider.request())
    path = page.request.url.removeprefix("http://localhost").replace("/login", "/login/second-factor")
    form = find_form(page.text, "current-password")
    assert form is not None
    typed = {"csrf_token": form.values["csrf_token"], "code": code_at(clock)}
    for answer in (browser.get(path), browser.client.post(path, data=typed)):
        assert (answer.status_code, "transaction_over" in answer.text) == (400, True)
    assert browser.client.get_cookie(SESSION) is None


def test_who_has_a_second_factor_is_always_asked_for_it(provider: Provider) -> None:
    provider.add_account("huangyao", totp_secret=TOTP_SECRET)
    browser = provider.browser()
    assert "one-time-code" in browser.follow(browser.log_in("huangyao")).text


def test_the_language_switch_of_a_wrong_try_keeps_the_login(staff: Browser, provider: Provider) -> None:
    page = staff.get("/oauth/authorize", provider.request())
    wrong = staff.type_password(page, "linwenshu", "wrong")
    link = wrong.text.split('href="?txn=')[1].split('"')[0].replace("&amp;", "&")
    english = staff.get(f"/login?txn={link}")
    assert english.status_code == 200
    assert '<html lang="en"' in english.text


# Sessions.


def test_the_cookie_is_kept_from_scripts_and_named_for_the_node(provider: Provider) -> None:
    answer = provider.browser().log_in()
    (cookie,) = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith(SESSION)]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


def test_the_cookie_changes_at_every_login_and_the_old_one_is_worth_nothing(provider: Provider) -> None:
    browser = provider.browser()
    browser.log_in()
    before = browser.client.get_cookie(SESSION)
    browser.type_password(browser.get("/oauth/authorize", provider.request(prompt="login")))
    after = browser.client.get_cookie(SESSION)
    assert before is not None
    assert after is not None
    assert sessions.find_current(provider.deps, before.value) is None
    assert sessions.find_current(provider.deps, after.value) is not None


def test_somebody_elses_login_in_the_same_browser_ends_the_session_before(provider: Provider, sqlite: sa.Engine) -> None:
    provider.add_account("huangyao")
    browser = provider.browser()
    tokens = browser.tokens(username="chenxiaochao")
    page = browser.get("/oauth/authorize", provider.request(prompt="login"))
    browser.type_password(page, "huangyao")
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert len(events(sqlite, "idp.logout")) == 1


@pytest.mark.parametrize(("idle", "steps", "alive"), [(7199, 1, True), (7200, 1, False), (7000, 6, True), (7000, 7, False)])
def test_requirement_26_a_session_ends_when_left_alone_or_too_old(
    deps: IdpDeps, clock: FixedClock, idle: int, steps: int, alive: bool
) -> None:
    add_account(deps)
    result = submit(deps)
    assert isinstance(result, login.LoggedIn)
    found = None
    for _ in range(steps):
        clock.advance(timedelta(seconds=idle))
        found = sessions.find_current(deps, result.started.cookie)
    assert (found is not None) is alive


def test_disabling_an_account_ends_its_sessions(deps: IdpDeps, engine: sa.Engine) -> None:
    account = add_account(deps)
    result = submit(deps)
    assert isinstance(result, login.LoggedIn)
    accounts.disable(deps, account.id, actor=OPERATOR)
    assert sessions.find_current(deps, result.started.cookie) is None
    assert events(engine, "idp.disable_account")[0]["details"] == '{"sessions":1}'
    with pytest.raises(Refusal):
        accounts.disable(deps, account.id, actor=OPERATOR)
