"""Raising a level: only on proof, with evidence, one number for one account, and nothing half-done when a register fails."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import notices
from idp.authenticators import certificates
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current
from idp.citizens import levels, proofs
from idp.ports import HeldLicense, IdpDeps
from idp.records import Representative
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.bound_client import issued
from tests.support.citizens import HERE, HOME, NAME, NUMBER, Checks, People, account_of, citizen, refused, with_registers
from tests.support.idp import Browser, Provider, add_account, events
from tests.support.mandates import USCC, add_company, give_mandate
from tests.support.relying_party import forms

BACK = "http://localhost:8100/account/level/document"


def match(deps: IdpDeps, current: Current, name: str = NAME, resident_id: str = "") -> None:
    proofs.by_register(deps, current, HOME, name=name, resident_id=resident_id)


def checked(deps: IdpDeps, current: Current, visit: Visit = HERE) -> str:
    assert proofs.begin_document_check(deps, current, visit, HOME, BACK) == "https://checks.example.cn/pages/1"
    assert isinstance(deps.registers.documents, Checks)
    return deps.registers.documents.begun[-1]


def test_the_registers_word_makes_the_number_theirs_at_level_3(deps: IdpDeps, engine: sa.Engine) -> None:
    deps, current = with_registers(deps, population=People()), citizen(deps)
    match(deps, current)
    account = account_of(deps, current)
    assert (account.real_name_level, account.holder_id, account.name) == (3, NUMBER, NAME)
    with deps.work.read() as work:
        evidence = work.records.verifications(account.id)
    assert {(one.level, one.method) for one in evidence} == {(2, "declared"), (3, "register")}
    (event,) = events(engine, "idp.raise_level")
    assert NUMBER not in str(event)
    assert "3级" in notices.told(deps, account.id)[0].text.zh
    assert refused(lambda: match(deps, replace(current, account=account))) == "level_unsuitable"


def test_what_was_mistyped_is_corrected_by_what_the_register_confirms_and_by_nothing_else(light: IdpDeps) -> None:
    light, current = with_registers(light, population=People()), citizen(light, name="翁某", resident_id="445102198806123626")
    assert refused(lambda: match(light, current, "翁某")) == "not_confirmed"
    assert refused(lambda: match(light, current, NAME, "445102197105193011")) == "person_unsuitable"
    assert account_of(light, current).name == "翁某"
    match(light, current, NAME, " 445102 19710519 3010")
    assert (account_of(light, current).name, account_of(light, current).holder_id) == (NAME, NUMBER)


def test_a_register_that_is_away_changes_nothing_and_costs_nobody_a_try(light: IdpDeps) -> None:
    people = People(away=True)
    light, current = with_registers(light, population=people), citizen(light)
    for _ in range(9):
        assert refused(lambda: match(light, current)) == "register_away"
    assert account_of(light, current).real_name_level == 2
    people.away = False
    match(light, current)
    assert refused(lambda: match(with_registers(light), current)) == "register_missing"


def test_the_register_is_not_asked_about_people_at_random(light: IdpDeps, sqlite: sa.Engine) -> None:
    people = People()
    light, current = with_registers(light, population=people), citizen(light)
    codes = [refused(lambda: match(light, current, "陈小潮")) for _ in range(7)]
    assert codes == ["not_confirmed"] * 5 + ["login_throttled"] * 2
    assert people.asked == 5
    assert [event["outcome"] for event in events(sqlite, "idp.raise_level")] == ["refused"] * 5


def test_a_number_that_another_has_proven_is_refused_like_a_wrong_one(light: IdpDeps) -> None:
    add_account(light, "holder", name=NAME, resident_id=NUMBER, real_name_level=3)
    light, current = with_registers(light, population=People()), citizen(light)
    assert refused(lambda: match(light, current)) == "not_confirmed"
    assert account_of(light, current).real_name_level == 2


def test_two_who_prove_one_number_at_once_do_not_both_have_it(deps: IdpDeps) -> None:
    deps = with_registers(deps, population=People())
    people = [citizen(deps, f"1390000000{number}") for number in range(4)]

    def act(current: Current) -> str:
        try:
            match(deps, current)
        except Refusal as refusal:
            return refusal.code
        return "raised"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(act, people)) == ["not_confirmed"] * 3 + ["raised"]
    assert sorted(account_of(deps, one).real_name_level for one in people) == [2, 2, 2, 3]


def test_a_surer_proof_takes_the_number_over_and_the_other_account_is_closed(deps: IdpDeps, engine: sa.Engine) -> None:
    deps = with_registers(deps, documents=Checks())
    squatter = citizen(deps, "squatter", real_name_level=3)
    current = citizen(deps)
    proofs.finish_document_check(deps, current, HERE, HOME, checked(deps, current))
    account, other = account_of(deps, current), account_of(deps, squatter)
    assert (account.real_name_level, account.holder_id) == (4, NUMBER)
    assert (other.real_name_level, other.holder_id) == (2, None)
    assert other.disabled_at is not None
    with deps.work.read() as work:
        ended = [session.ended_at for session in work.records.sessions(squatter.account.id)]
    assert None not in ended
    assert "已停用" in notices.told(deps, other.id)[0].text.zh
    assert len(events(engine, "idp.merge_account")) == 1


def test_with_it_goes_all_that_the_other_account_gave_or_held_for_organisations(light: IdpDeps) -> None:
    light = with_registers(light, documents=Checks())
    squatter, now = citizen(light, "squatter", real_name_level=3), light.clock.now()
    add_account(light)
    for name, uscc in (("chaolian", USCC), ("yuanda", "91445100MA7CHAN008")):
        add_company(light, name, uscc=uscc)
    given, held, others = give_mandate(light), give_mandate(light, "yuanda", "squatter"), give_mandate(light, "yuanda")
    with light.work.begin() as work:
        work.records.put_representative(Representative(given.organization_id, squatter.account.id, now, now))
    current = citizen(light)
    proofs.finish_document_check(light, current, HERE, HOME, checked(light, current))
    with light.work.read() as work:
        assert work.records.find_representative(given.organization_id) is None
        ended = [mandate.revoked_at for mandate in map(work.records.find_mandate, (given.id, held.id, others.id)) if mandate]
    assert [one is not None for one in ended] == [True, True, False]


def test_the_certificate_of_a_number_that_was_taken_over_is_enrolled_by_whose_it_is(light: IdpDeps) -> None:
    light = with_registers(light, documents=Checks())
    der = issued(light, NAME, "person", number=NUMBER).der
    certificates.enrol(light, citizen(light, "squatter", real_name_level=3), HOME, der=der, name="U盾")
    current = citizen(light)
    proofs.finish_document_check(light, current, HERE, HOME, checked(light, current))
    certificates.enrol(light, replace(current, account=account_of(light, current)), HOME, der=der, name="U盾")


def test_as_sure_a_proof_takes_nothing_over_nor_from_anybody_but_citizens(light: IdpDeps) -> None:
    light = with_registers(light, documents=Checks())
    holder = citizen(light, "holder", real_name_level=4)
    current = citizen(light)
    check = checked(light, current)
    assert refused(lambda: proofs.finish_document_check(light, current, HERE, HOME, check)) == "number_elsewhere"
    assert account_of(light, holder).holder_id == NUMBER
    assert account_of(light, current).real_name_level == 2


def test_a_check_counts_once_in_its_browser_for_its_account_when_it_is_done(light: IdpDeps, clock: FixedClock) -> None:
    checks = Checks(found=None)
    light, current = with_registers(light, documents=checks), citizen(light)
    check = checked(light, current)

    def finish(check_id: str = check, visit: Visit = HERE, who: Current = current) -> str:
        return refused(lambda: proofs.finish_document_check(light, who, visit, HOME, check_id))

    assert finish() == "check_pending"
    for other in ("", "AAAA", "é", check[:-4] + "AAAA"):
        assert finish(other) == "check_over"
    assert finish(visit=Visit(("another browser",))) == "check_over"
    assert finish(who=citizen(light, "somebody", resident_id="445102198806123626", name="陈晓潮")) == "check_over"
    checks.found = "not_matched"
    assert finish() == "not_confirmed"
    checks.found = "matched"
    assert finish() == "check_over"  # it was answered already
    late = checked(light, current)
    clock.advance(timedelta(hours=1))
    assert finish(late) == "check_over"
    assert account_of(light, current).real_name_level == 2


def test_a_certificate_with_name_and_number_reaches_level_5(light: IdpDeps) -> None:
    current = citizen(light)
    for name, number in (("陈晓潮", NUMBER), (NAME, "445102198806123626")):
        der = issued(light, name, "person", number=number).der
        assert refused(lambda der=der: proofs.by_certificate(light, current, HOME, der)) == "not_confirmed"
    assert refused(lambda: proofs.by_certificate(light, current, HOME, None)) == "certificate_missing"
    assert refused(lambda: proofs.by_certificate(light, current, HOME, b"x")) == "certificate_refused"
    proofs.by_certificate(light, current, HOME, issued(light, NAME, "person", number=NUMBER).der)
    assert (account_of(light, current).real_name_level, account_of(light, current).holder_id) == (5, NUMBER)


def test_only_citizens_rise_and_never_fall(light: IdpDeps) -> None:
    light = with_registers(light, population=People(), documents=Checks())
    enterprise = add_account(light, "hanjiang", kind="enterprise", uscc="91445100MA7CHAN008", real_name_level=2)
    with light.work.begin() as work:
        started = sessions.start(work, light, enterprise.id, ("pwd",), HOME)
    assert refused(lambda: match(light, Current(started.session, enterprise))) == "level_unsuitable"
    high = citizen(light, real_name_level=4)
    assert refused(lambda: match(light, high)) == "level_unsuitable"
    with light.work.begin() as work, pytest.raises(Refusal, match="level_unsuitable"):
        levels.raise_to(work, light, high.account, "register", actor="account:x", now=light.clock.now())
    assert account_of(light, high).real_name_level == 4


# The page


def log_in(provider: Provider) -> Browser:
    provider.add_account("13900000009", name=NAME, resident_id=NUMBER)
    browser = provider.browser()
    browser.follow(browser.log_in("13900000009"))
    return browser


def test_the_page_says_what_comes_next_and_that_a_window_will_always_do(provider: Provider) -> None:
    browser = log_in(provider)
    page = browser.get("/account/level")
    assert "现在的等级" in page.text
    assert "与人口库核对" not in page.text
    (form,) = (one for one in forms(page.text) if one.action == "/account/level/window")
    assert re.search(r">\d{5} \d{5}<", browser.send(form).text)
    assert provider.browser().get("/account/level").request.path == "/login"


def test_the_page_goes_to_the_register_and_to_the_check_and_back(provider: Provider) -> None:
    people, checks = People(known={}), Checks()
    provider = Provider(with_registers(provider.deps, population=people, documents=checks))
    browser = log_in(provider)
    register, document = (
        next(one for one in forms(browser.get("/account/level").text) if one.action.endswith(way))
        for way in ("register", "document")
    )
    answer = browser.send(register, name=NAME)
    assert (answer.status_code, "没有通过核对" in answer.text) == (422, True)
    answer = browser.send(register, name="陈\u202e晓潮")
    assert (answer.status_code, "姓名不对" in answer.text) == (422, True)
    people.known[NUMBER] = NAME
    answer = browser.send(register, name=NAME)
    assert answer.headers["Location"] == "/account/level?done=1"
    assert 'href="https://checks.example.cn/pages/1"' in browser.send(document).text
    checks.found = None
    check = f"/account/level/document?check={checks.begun[-1]}"
    assert browser.get(check).status_code == 409
    checks.found = "matched"
    assert "实名等级已经更新" in browser.get(check).text


def test_the_page_shows_licences_only_from_level_3_on(provider: Provider) -> None:
    held = HeldLicense(
        "营业执照",
        "Business licence",
        "1",
        "1.2",
        "潮州市",
        None,
        "valid",
        "http://localhost:8100/x",
        "http://localhost:8100/x.pdf",
        "#000000",
    )
    provider.deps.holder_licenses.held.append(held)  # type: ignore[attr-defined]
    browser = log_in(provider)
    assert "营业执照" not in browser.get("/").text
    number = provider.browser()
    number.follow(number.log_in())  # level 4
    assert "营业执照" in number.get("/").text
