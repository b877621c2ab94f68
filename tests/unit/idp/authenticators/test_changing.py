"""What people change themselves: who may, what is always left, and that they are told of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from idp import notices
from idp.authenticators import changing, new_password, recovery, totp
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.interaction import login
from idp.people import passwords
from idp.ports import IdpDeps
from idp.records import Authenticator
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import PASSWORD, TOTP_SECRET, add_account, another_process, events
from tests.support.passkeys import ADDRESS, BROWSER, enrolled, enter

NEW = "seven unrelated words are quite enough here"


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def kinds(deps: IdpDeps, current: Current) -> list[str]:
    return [one.kind for one in changing.listed(deps, current.account.id)[0]]


def find(deps: IdpDeps, current: Current, kind: str) -> Authenticator:
    return next(one for one in changing.listed(deps, current.account.id)[0] if one.kind == kind)


def enter_with_code(deps: IdpDeps, code: str, password: str = PASSWORD, username: str = "chenxiaochao") -> Current:
    visit, device = Visit(BROWSER), Device(ADDRESS)
    asked = login.submit_password(deps, transaction_id=None, visit=visit, device=device, username=username, password=password)
    assert isinstance(asked, login.NeedsCode)
    entered = login.submit_code(deps, transaction_id=asked.transaction_id, visit=visit, device=device, code=code)
    current = sessions.find_current(deps, entered.started.cookie)
    assert current is not None
    return current


def enrol_totp(deps: IdpDeps, current: Current, clock: FixedClock, name: str = "手机") -> str:
    begun = totp.begin(deps, current)
    totp.confirm(deps, current, sealed=begun.sealed, code=code_of(begun.secret, clock), name=name)
    clock.advance(timedelta(seconds=30))
    return begun.secret


def code_of(secret: str, clock: FixedClock) -> str:
    return str(pyotp.TOTP(secret).at(clock.now()))


# Passwords.


def test_a_new_password_ends_the_other_sessions_and_the_old_password(deps: IdpDeps, owner: Current, engine: sa.Engine) -> None:
    other = enter(deps)
    new_password.change(deps, owner, NEW)
    assert [one.session.id for one in sessions.listed(deps, owner.account.id)] == [owner.session.id]
    assert other.session.id != owner.session.id
    with pytest.raises(Refusal, match="login_failed"):
        enter(another_process(deps))
    assert enter(deps, password=NEW)
    assert "口令已更改，其他设备已退出登录。" in [one.text.zh for one in notices.told(deps, owner.account.id)]
    (event,) = events(engine, "idp.change_password")
    assert NEW not in str(event)


@pytest.mark.parametrize("password", ["short and sweet", "111111111111111", "chenxiaochao", "x" * 257])
def test_a_password_that_will_not_do_changes_nothing(light: IdpDeps, citizen: Current, password: str) -> None:
    wanted = "too common" if password == "111111111111111" else ""
    with pytest.raises(Refusal, match=f"password_unsuitable.*{wanted}") as caught:
        new_password.change(light, citizen, password[:14] if password.startswith("short") else password)
    assert caught.value.field == "password"
    assert enter(light)


def test_the_username_is_no_password(light: IdpDeps) -> None:
    add_account(light, "a-rather-long-username")
    current = enter(light, "a-rather-long-username")
    assert refused(lambda: new_password.change(light, current, "A-rather-LONG-username")) == "password_unsuitable"


def test_a_short_password_does_beside_a_second_factor_which_then_must_stay(
    light: IdpDeps, citizen: Current, clock: FixedClock
) -> None:
    assert new_password.least_length(light, citizen) == 15
    secret = enrol_totp(light, citizen, clock)
    current = enter_with_code(light, code_of(secret, clock))
    assert new_password.least_length(light, current) == 8
    new_password.change(light, current, "blau meer")
    application = find(light, current, "totp").id
    assert refused(lambda: changing.remove(light, current, application)) == "authenticator_needed"
    new_password.change(light, current, NEW)
    changing.remove(light, current, application)
    assert kinds(light, current) == ["password"]


def test_no_password_is_hashed_for_who_may_not_change_it(
    light: IdpDeps, citizen: Current, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(timedelta(seconds=600))
    hashed: list[str] = []
    monkeypatch.setattr(passwords, "hash_password", hashed.append)
    assert refused(lambda: new_password.change(light, citizen, NEW)) == "fresh_login_needed"
    assert hashed == []


# Applications that show codes.


def test_an_application_counts_when_a_code_of_it_was_typed_and_that_code_is_used_up(
    deps: IdpDeps, owner: Current, clock: FixedClock
) -> None:
    begun = totp.begin(deps, owner)
    assert begun.qr.startswith("data:image/svg+xml")
    assert refused(lambda: totp.confirm(deps, owner, sealed=begun.sealed, code="000000", name="手机")) == "one_time_code_wrong"
    assert totp.again(deps, owner, begun.sealed).secret == begun.secret
    assert kinds(deps, owner) == ["password"]
    code = code_of(begun.secret, clock)
    totp.confirm(another_process(deps), owner, sealed=begun.sealed, code=code, name=" 手机 ")
    assert find(deps, owner, "totp").name == "手机"
    with pytest.raises(Refusal, match="one_time_code_used"):
        enter_with_code(deps, code)
    clock.advance(timedelta(seconds=30))
    assert enter_with_code(deps, code_of(begun.secret, clock)).session.acr == "urn:chaoxin:aal:2"


def test_an_enrolment_belongs_to_its_session_and_ends(light: IdpDeps, citizen: Current, clock: FixedClock) -> None:
    begun = totp.begin(light, citizen)
    code = code_of(begun.secret, clock)
    other = enter(light)
    assert refused(lambda: totp.confirm(light, other, sealed=begun.sealed, code=code, name="x")) == "enrolment_over"
    for sealed in ("", "AAAA", "é", begun.sealed[:-8] + "AAAAAAA="):
        assert refused(functools.partial(totp.again, light, citizen, sealed)) == "enrolment_over"
    clock.advance(timedelta(seconds=900))
    assert refused(lambda: totp.again(light, citizen, begun.sealed)) == "enrolment_over"


def test_any_of_several_applications_will_do(light: IdpDeps, citizen: Current, clock: FixedClock) -> None:
    first = enrol_totp(light, citizen, clock)
    strong = enter_with_code(light, code_of(first, clock))
    second = enrol_totp(light, strong, clock, "平板")
    clock.advance(timedelta(seconds=30))
    for secret in (first, second):
        assert enter_with_code(light, code_of(secret, clock))
    third = totp.begin(light, strong)
    code = code_of(third.secret, clock)
    assert refused(lambda: totp.confirm(light, strong, sealed=third.sealed, code=code, name="平板")) == "authenticator_name"


# Recovery codes.


def test_each_recovery_code_works_once_and_a_new_set_voids_the_old(deps: IdpDeps, owner: Current, clock: FixedClock) -> None:
    secret = enrol_totp(deps, owner, clock)
    current = enter_with_code(deps, code_of(secret, clock))
    codes = recovery.make(deps, current)
    assert len(set(codes)) == 10
    clock.advance(timedelta(seconds=1))
    spaced = codes[0].lower().replace("-", " ").replace("o", "0")
    assert enter_with_code(another_process(deps), spaced).session.acr == "urn:chaoxin:aal:2"
    with pytest.raises(Refusal, match="recovery_code_wrong"):
        enter_with_code(deps, codes[0])
    assert changing.listed(deps, owner.account.id)[1] == 9
    assert notices.told(deps, owner.account.id)[0].text.en == "A recovery code was used; 9 are left."
    renewed = recovery.make(deps, current)
    with pytest.raises(Refusal, match="recovery_code_wrong"):
        enter_with_code(deps, codes[1])
    assert enter_with_code(deps, renewed[0])


def test_a_recovery_code_used_many_times_at_once_is_used_once(deps: IdpDeps, owner: Current, clock: FixedClock) -> None:
    secret = enrol_totp(deps, owner, clock)
    code = recovery.make(deps, enter_with_code(deps, code_of(secret, clock)))[0]
    stored = find(deps, owner, "recovery")

    def use(_: int) -> str:
        try:
            recovery.accept(deps, stored, code)
        except Refusal as refusal:
            return refusal.code
        return "in"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == ["in", *["recovery_code_wrong"] * 3]


def test_recovery_codes_come_after_a_second_factor(light: IdpDeps, citizen: Current) -> None:
    assert refused(lambda: recovery.make(light, citizen)) == "second_factor_first"


def test_the_codes_are_not_stored(light: IdpDeps, citizen: Current, sqlite: sa.Engine, clock: FixedClock) -> None:
    secret = enrol_totp(light, citizen, clock)
    codes = recovery.make(light, enter_with_code(light, code_of(secret, clock)))
    with sqlite.connect() as connection:
        stored = str(connection.execute(sa.text("select * from idp_recovery_codes")).all())
    assert all(code not in stored and code.replace("-", "") not in stored for code in codes)


# Names, removal.


def test_an_authenticator_is_renamed_by_its_owner_alone(deps: IdpDeps, owner: Current) -> None:
    enrolled(deps, owner)
    one = find(deps, owner, "passkey")
    add_account(deps, "huangyao")
    stranger = enter(deps, "huangyao")
    for act in (lambda: changing.rename(deps, stranger, one.id, "mine"), lambda: changing.remove(deps, stranger, one.id)):
        assert refused(act) == "authenticator_gone"
    assert refused(lambda: changing.rename(deps, owner, one.id, "x")) == "fresh_login_needed"


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\u202eb", "a\nb"])
def test_a_name_that_cannot_be_read_is_refused(light: IdpDeps, citizen: Current, name: str) -> None:
    one = find(light, citizen, "password")
    assert refused(lambda: changing.rename(light, citizen, one.id, name)) == "authenticator_name"
    changing.rename(light, citizen, one.id, " 旧口令 ")
    assert find(light, citizen, "password").name == "旧口令"


def test_the_only_way_in_stays_and_staff_keep_two_factors(light: IdpDeps, citizen: Current, clock: FixedClock) -> None:
    password = find(light, citizen, "password").id
    assert refused(lambda: changing.remove(light, citizen, password)) == "authenticator_needed"
    add_account(light, "lin", kind="staff", totp_secret=TOTP_SECRET)
    staff = enter_with_code(light, code_of(TOTP_SECRET, clock), username="lin")
    for kind in ("totp", "password"):
        one = find(light, staff, kind).id
        assert refused(functools.partial(changing.remove, light, staff, one)) == "authenticator_needed"
    enrolled(light, staff)
    changing.remove(light, staff, find(light, staff, "totp").id)
    changing.remove(light, staff, find(light, staff, "password").id)
    assert kinds(light, staff) == ["passkey"]
    assert "The password was removed." in [one.text.en for one in notices.told(light, staff.account.id)]


def test_of_two_last_resorts_removed_at_once_one_stays(deps: IdpDeps, clock: FixedClock) -> None:
    add_account(deps, "lin", kind="staff", totp_secret=TOTP_SECRET)
    staff = enter_with_code(deps, code_of(TOTP_SECRET, clock), username="lin")
    enrolled(deps, staff)
    targets = [find(deps, staff, kind).id for kind in ("totp", "passkey")]

    def remove(authenticator_id: str) -> str:
        try:
            changing.remove(deps, staff, authenticator_id)
        except Refusal as refusal:
            return refusal.code
        return "removed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, targets)) == ["authenticator_needed", "removed"]


def test_an_account_has_twenty_at_most(light: IdpDeps, citizen: Current) -> None:
    with light.work.begin() as work:
        for number in range(19):
            made = Authenticator(f"a{number}", citizen.account.id, "recovery", str(number), b"", light.clock.now())
            work.records.add_authenticator(made)
    assert refused(lambda: enrolled(light, citizen)) == "authenticators_full"
