"""Registering: strict about what is typed, silent about who is known, nothing half-done."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import notices
from idp.authorize.transactions import Visit
from idp.browsers.sessions import Device
from idp.citizens import registration
from idp.people import accounts, passwords, reached
from idp.ports import IdpDeps
from idp.records import Account
from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.text import mask
from tests.support.idp import PASSWORD, Provider, add_account, events, returned
from tests.support.post import Post

HERE, THERE = Visit(("a browser",)), Visit(("another browser",))
HOME = Device("192.0.2.1", "Firefox")
NUMBER, MOBILE = "445102197105193010", "13900000009"


def with_post(deps: IdpDeps) -> tuple[IdpDeps, Post]:
    post = Post()
    return replace(deps, messengers={"phone": post, "email": post}), post


def begin(deps: IdpDeps, **changes: str) -> registration.Pending:
    typed = {"name": "翁𬱖", "resident_id": NUMBER, "contact": MOBILE, "password": PASSWORD, **changes}
    return registration.begin(deps, HERE, HOME, **typed)


def finish(deps: IdpDeps, pending: registration.Pending, code: str, visit: Visit = HERE) -> Account:
    started = registration.finish(deps, visit, HOME, transaction_id=None, sealed=pending.sealed, code=code).started
    with deps.work.read() as work:
        record = work.records.find_account(started.session.account_id)
        assert record is not None
        return accounts.open_record(deps, record)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "000001"


def test_whoever_reads_the_code_has_an_account_at_level_2(deps: IdpDeps, engine: sa.Engine) -> None:
    deps, post = with_post(deps)
    pending = begin(deps)
    assert pending.contact == mask(MOBILE, head=3, tail=2)
    assert accounts.page(deps) == []
    account = finish(deps, pending, post.code)
    assert (account.name, account.phone, account.confirmed) == ("翁𬱖", MOBILE, ("phone",))
    assert re.fullmatch("u[a-z2-9]{10}", account.username)  # it stands in clear, so it says nothing
    assert (account.kind, account.real_name_level, account.resident_id, account.holder_id) == ("citizen", 2, NUMBER, None)
    with deps.work.read() as work:
        (evidence,) = work.records.verifications(account.id)
        (password,) = work.records.authenticators(account.id)
        assert work.records.find_holder(deps.vault.index(NUMBER, "idp.holder")) is None
    assert (evidence.method, evidence.level, evidence.actor) == ("declared", 2, f"account:{account.id}")
    assert password.alone
    assert passwords.matches(PASSWORD, password.secret)
    assert [len(events(engine, f"idp.{what}")) for what in ("begin_registration", "register", "login")] == [1, 1, 1]
    assert notices.told(deps, account.id) == []
    for what in ("begin_registration", "register"):
        (event,) = events(engine, f"idp.{what}")
        assert MOBILE not in str(event)
        assert NUMBER not in str(event)


@pytest.mark.parametrize(
    ("typed", "kept", "others"),
    [
        ("139 0000-0009", "13900000009", ("13900000009", "+86 139 0000 0009", "１３９００００００09")),
        ("+852 6123 4567", "+85261234567", ("0085261234567",)),
        ("+1 380 000 0001", "+13800000001", ("001 (380) 000-0001",)),  # not the mainland's 13800000001
        (" Weng@Example.CN ", "weng@example.cn", ("WENG@example.cn",)),
    ],
)
def test_people_log_in_by_the_contact_that_they_confirmed_however_they_type_it(
    light: IdpDeps, typed: str, kept: str, others: tuple[str, ...]
) -> None:
    light, post = with_post(light)
    account = finish(light, begin(light, contact=typed), post.code)
    assert (account.email or account.phone) == kept == post.sent[-1][0]
    with light.work.read() as work:
        for way in (account.username, typed, kept, *others):
            found = reached.find(work, light, reached.read(way))
            assert found is not None, way
            assert found.id == account.id
        assert reached.find(work, light, reached.read("13800000001")) is None


def test_a_contact_leads_to_whoever_confirmed_it_first_and_to_nobody_who_only_said_it(light: IdpDeps, clock: FixedClock) -> None:
    add_account(light, "said", phone=MOBILE)
    light, post = with_post(light)
    first = finish(light, begin(light), post.code)
    clock.advance(timedelta(days=1))
    later = add_account(light, "later", phone=MOBILE)
    with light.work.begin() as work:
        work.records.put_person(accounts.seal(light, replace(later, confirmed=("phone",)), light.clock.now()))
    with light.work.read() as work:
        found = reached.find(work, light, reached.read(MOBILE))
    assert found is not None
    assert found.id == first.id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "陈\u202e晓潮"}, "name"),
        ({"name": "陈"}, "name"),
        ({"name": "⻢云"}, "name"),
        ({"name": "Аннa"}, "name"),
        ({"resident_id": ""}, "resident_id"),
        ({"resident_id": "445102197105193011"}, "resident_id"),
        ({"resident_id": "445102197102303018"}, "resident_id"),
        ({"resident_id": "445102203001010017"}, "resident_id"),  # not born yet
        ({"resident_id": "१45102197105193010"}, "resident_id"),
        ({"contact": ""}, "phone"),
        ({"contact": "1390000000"}, "phone"),
        ({"contact": "0768 2222222"}, "phone"),
        ({"contact": "139\u202e00000009"}, "phone"),
        ({"contact": "weng@localhost"}, "email"),
        ({"contact": "a@b\nBcc: c@example.cn"}, "email"),
        ({"contact": "翁@example.cn"}, "email"),
        ({"contact": "a b@example.cn"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": NUMBER}, "password"),
    ],
)
def test_what_will_not_do_is_named_and_nobody_is_written_to(light: IdpDeps, changes: dict[str, str], field: str) -> None:
    light, post = with_post(light)
    with pytest.raises(Refusal) as caught:
        begin(light, **changes)
    assert caught.value.field == field
    assert post.sent == []


def test_numbers_are_taken_however_they_are_typed(light: IdpDeps) -> None:
    light, post = with_post(light)
    typed = " ４４５102 19710519 3010 "
    account = finish(light, begin(light, resident_id=typed), post.code)
    assert account.resident_id == NUMBER


def test_a_contact_that_has_an_account_gets_the_same_answer_and_its_owner_is_told(light: IdpDeps, sqlite: sa.Engine) -> None:
    light, post = with_post(light)
    owner = finish(light, begin(light), post.code)
    before = len(events(sqlite, "idp.begin_registration"))
    pending = begin(light, name="陈小潮", resident_id="445102198806123626")
    assert pending.contact == mask(MOBILE, head=3, tail=2)
    assert len(events(sqlite, "idp.begin_registration")) == before + 1
    to, _, text = post.sent[-1]
    assert to == MOBILE
    assert "已经有账号" in text
    with pytest.raises(AssertionError):  # there is no code in it
        _ = post.code
    assert refused(lambda: finish(light, pending, "123456")) == "sent_code_wrong"
    assert "没有注册成" in notices.told(light, owner.id)[0].text.zh


def test_a_number_that_somebody_has_proven_stays_theirs_and_they_are_told(light: IdpDeps) -> None:
    light, post = with_post(light)
    holder = add_account(light, resident_id=NUMBER, real_name_level=4, name="翁𬱖")
    account = finish(light, begin(light), post.code)
    assert (account.resident_id, account.holder_id) == (NUMBER, None)
    with light.work.read() as work:
        found = work.records.find_holder(light.vault.index(NUMBER, "idp.holder"))
    assert found is not None
    assert found.id == holder.id
    assert "证件号码" in notices.told(light, holder.id)[0].text.zh


def test_a_registration_belongs_to_its_browser_for_a_few_minutes_and_opens_one_account(light: IdpDeps, clock: FixedClock) -> None:
    light, post = with_post(light)
    pending, code = begin(light), post.code
    assert refused(lambda: finish(light, pending, code, THERE)) == "registration_over"
    for sealed in ("", "A", "é", "A" * 9000, pending.sealed[:-8] + "AAAAAAA="):
        assert refused(lambda sealed=sealed: finish(light, replace(pending, sealed=sealed), code)) == "registration_over"
    assert finish(light, pending, code)
    assert refused(lambda: finish(light, pending, code)) == "registration_done"
    late = begin(light, contact="weng@example.cn")
    clock.advance(timedelta(seconds=light.policies.assurance.sent_codes.seconds))
    assert refused(lambda: finish(light, late, post.code)) == "registration_over"


def test_a_code_finished_many_times_at_once_opens_one_account(deps: IdpDeps) -> None:
    deps, post = with_post(deps)
    pending, code = begin(deps), post.code

    def act(_: int) -> str:
        try:
            return finish(deps, pending, code).phone or ""
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(act, range(4))) == [MOBILE, *["registration_done"] * 3]
    assert len(accounts.page(deps)) == 1


def test_guesses_are_counted_and_another_code_takes_the_first_ones_place(light: IdpDeps) -> None:
    light, post = with_post(light)
    first, code = begin(light), post.code
    second = registration.send_again(light, HERE, HOME, first.sealed)
    if post.code != code:
        assert refused(lambda: finish(light, second, code)) == "sent_code_wrong"
    guesses = [refused(lambda: finish(light, second, wrong(post.code))) for _ in range(6)]
    assert guesses[-1] == "login_throttled"
    assert refused(lambda: finish(light, second, post.code)) == "login_throttled"
    assert accounts.page(light) == []


def test_a_code_stays_good_where_no_other_one_is_sent(light: IdpDeps) -> None:
    light, post = with_post(light)
    rules = light.policies.assurance.sent_codes.model_copy(update={"destination_sends": 1})
    assurance = light.policies.assurance.model_copy(update={"sent_codes": rules})
    light = replace(light, policies=light.policies.model_copy(update={"assurance": assurance}))
    first = begin(light)
    again = registration.send_again(light, HERE, HOME, first.sealed)
    assert len(post.sent) == 1
    assert finish(light, again, post.code).phone == MOBILE


def test_an_address_and_a_contact_are_written_to_only_so_often(light: IdpDeps, monkeypatch: pytest.MonkeyPatch) -> None:
    light, post = with_post(light)
    rules = light.policies.assurance.sent_codes.model_copy(update={"account_sends": 2, "address_sends": 3})
    assurance = light.policies.assurance.model_copy(update={"sent_codes": rules})
    light = replace(light, policies=light.policies.model_copy(update={"assurance": assurance}))
    hashed: list[str] = []
    monkeypatch.setattr(passwords, "hash_password", lambda password: hashed.append(password) or b"$argon2id$")
    begin(light)
    begin(light)
    assert refused(lambda: begin(light)) == "sending_throttled"
    begin(light, contact="weng@example.cn")
    assert refused(lambda: begin(light, contact="other@example.cn")) == "sending_throttled"
    assert len(post.sent) == len(hashed) == 3  # a blocked one costs no hash


def test_without_a_way_to_people_nobody_registers_and_a_failed_message_says_so(light: IdpDeps) -> None:
    assert refused(lambda: begin(light)) == "channel_missing"
    light, post = with_post(light)
    post.broken = True
    assert refused(lambda: begin(light)) == "message_undelivered"


def test_the_pages_ask_send_and_let_in(provider: Provider) -> None:
    browser = provider.browser()
    assert "还不能在网上注册" in browser.get("/register").text
    post = Post()
    provider.deps.messengers["phone"] = post  # type: ignore[index]
    page = browser.get("/register")
    typed = {"name": "翁𬱖", "username": MOBILE, "new_password": PASSWORD}
    answer = browser.submit(page, "new-password", **typed, resident_id="445102197105193011")
    assert (answer.status_code, "末位是校验码" in answer.text, "翁𬱖" in answer.text) == (422, True, True)
    page = browser.submit(answer, "new-password", **typed, resident_id=NUMBER)
    assert mask(MOBILE, head=3, tail=2) in page.text
    page = browser.submit(page, "one-time-code", one_time_code=wrong(post.code))
    assert page.status_code == 401
    answer = browser.submit(page, "one-time-code", one_time_code=post.code)
    assert answer.status_code == 303
    assert "翁𬱖，您好" in browser.follow(answer).text
    assert provider.browser().log_in("139 0000 0009").headers["Location"] == "/"


def test_who_came_from_a_department_goes_on_to_it(provider: Provider) -> None:
    provider.deps.messengers["phone"] = post = Post()  # type: ignore[index]
    browser = provider.browser()
    login = browser.get("/oauth/authorize", provider.request())
    link = login.text.split('href="/register')[1].split('"')[0]
    typed = {"name": "翁𬱖", "username": MOBILE, "new_password": PASSWORD, "resident_id": NUMBER}
    page = browser.submit(browser.get("/register" + link.replace("&amp;", "&")), "new-password", **typed)
    answer = browser.follow(browser.submit(page, "one-time-code", one_time_code=post.code))
    assert returned(browser.agree(answer)).keys() >= {"code", "state"}
