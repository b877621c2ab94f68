"""Claiming an organisation by the register, and losing it by the register."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import notices
from idp.enterprises import appointing, mandates, overview, representing
from idp.people import accounts
from idp.ports import IdpDeps
from idp.registers.ports import LegalPerson, Registers
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import OPERATOR, PASSWORD, Provider, add_account, events
from tests.support.mandates import USCC, LegalPersons, add_company, give_mandate
from tests.unit.idp.enterprises.conftest import CHEN, COMPANY, HUANG, logged_in
from tests.unit.idp.enterprises.test_appointing import appointment

ADDRESS = "192.0.2.1"


def refused(deps: IdpDeps, username: str = "chenxiaochao", uscc: str = USCC) -> str:
    with pytest.raises(Refusal) as refusal:
        representing.claim(deps, logged_in(deps, username), uscc, address=ADDRESS)
    return refusal.value.code


def test_whom_the_register_names_takes_charge(city: Provider, sqlite: sa.Engine) -> None:
    current = logged_in(city.deps)
    company = representing.claim(city.deps, current, f" {USCC.lower()} ", address=ADDRESS)
    assert (company.kind, company.uscc, company.name, company.username) == ("enterprise", USCC, "潮联科技有限公司", USCC.lower())
    assert [one.id for one in overview.represented(city.deps, current)] == [company.id]
    with city.deps.work.read() as work:
        assert not work.records.authenticators(company.id)  # nobody logs in as the company itself
        assert [one.method for one in work.records.verifications(company.id)] == ["register"]
    assert events(sqlite, "idp.claim_organization")[-1]["actor"] == f"account:{current.account.id}"
    assert any("潮联科技有限公司" in one.text.zh for one in notices.told(city.deps, current.account.id))
    assert representing.claim(city.deps, current, USCC, address=ADDRESS).id == company.id  # twice is no harm


def test_an_account_that_an_admin_made_is_taken_over_and_its_own_login_can_be_closed(city: Provider) -> None:
    before = add_company(city.deps, phone="+86 768 000 0002")
    current = logged_in(city.deps)
    company = representing.claim(city.deps, current, USCC, address=ADDRESS)
    assert (company.id, company.name) == (before.id, "潮联科技有限公司")
    assert overview.describe(city.deps, company).own_login
    browser = city.browser()
    assert browser.log_in("chaolian").status_code == 303
    representing.close_own_login(city.deps, current, company.id)
    assert not overview.describe(city.deps, company).own_login
    assert browser.client.get("/account").status_code == 303
    assert accounts.get_by_username(city.deps, "chaolian").phone is None  # nor by recovery
    assert city.browser().log_in("chaolian", PASSWORD).status_code != 303


def test_unknown_malformed_and_anothers_are_one_answer(city: Provider, register: LegalPersons) -> None:
    register.write((USCC, "潮联科技有限公司", *HUANG, "active"))
    codes = {refused(city.deps, uscc=one) for one in (USCC, "91445100MA4WR7QBB0", "anything", "", "9" * 200)}
    assert codes == {"not_representative"}


@pytest.mark.parametrize(
    "entry",
    [
        (USCC, "潮联科技有限公司", "陈晓湖", CHEN[1], "active"),  # a name that looks alike
        (USCC, "潮联科技有限公司", CHEN[0], HUANG[1], "active"),  # the same name, another person
    ],
)
def test_name_and_number_must_both_be_the_representatives(
    city: Provider, register: LegalPersons, entry: tuple[str, str, str, str, str]
) -> None:
    register.write(entry)
    assert refused(city.deps) == "not_representative"


@pytest.mark.parametrize("status", ["suspended", "revoked", "deregistered"])
def test_an_organisation_that_is_not_active_is_not_claimed(city: Provider, register: LegalPersons, status: str) -> None:
    register.write((*COMPANY[:4], status))
    assert refused(city.deps) == "organization_not_active"


def test_only_a_citizen_who_was_proven_well_enough_and_freshly_logged_in_claims(city: Provider, clock: FixedClock) -> None:
    add_account(city.deps, "declared", name="刘〇", resident_id="445103196601180026", phone="+86 138 0000 0008")
    add_company(city.deps)
    assert refused(city.deps, "declared") == "organization_level_too_low"
    assert refused(city.deps, "chaolian") == "organization_level_too_low"
    current = logged_in(city.deps)
    clock.moment += timedelta(seconds=city.deps.policies.assurance.change_within_seconds)
    with pytest.raises(Refusal) as refusal:
        representing.claim(city.deps, current, USCC, address=ADDRESS)
    assert refusal.value.code == "fresh_login_needed"


def test_guessing_is_throttled_and_a_register_that_is_away_counts_against_nobody(city: Provider, register: LegalPersons) -> None:
    lines = register.file.read_text()
    register.file.write_text("broken")
    for _ in range(8):
        assert refused(city.deps) == "register_away"
    register.file.write_text(lines)
    for _ in range(5):
        assert refused(city.deps, uscc="91445100MA4WR7QBB0") == "not_representative"
    assert refused(city.deps) == "login_throttled"


def test_without_a_register_nothing_is_claimed(city: Provider) -> None:
    assert refused(replace(city.deps, registers=Registers())) == "organization_register_missing"
    assert representing.check_due(replace(city.deps, registers=Registers())) == 0


def test_when_the_representative_changes_the_new_one_claims_and_the_old_ones_mandates_end(
    city: Provider, register: LegalPersons, sqlite: sa.Engine
) -> None:
    old, new = logged_in(city.deps), logged_in(city.deps, "huangyao")
    company = representing.claim(city.deps, old, USCC, address=ADDRESS)
    appointing.appoint(city.deps, old, company.id, appointment(city.deps, *CHEN))
    appointing.appoint(city.deps, old, company.id, appointment(city.deps, "许䶮", "445102199508260029"))
    register.write((*COMPANY[:2], *HUANG, "active"))
    assert representing.claim(city.deps, new, USCC, address=ADDRESS).id == company.id
    assert not overview.represented(city.deps, old)
    desk = overview.describe(city.deps, company)
    assert not desk.given
    assert not desk.offers
    with pytest.raises(Refusal) as refusal:
        appointing.appoint(city.deps, old, company.id, appointment(city.deps, *CHEN))
    assert refusal.value.code == "organization_unknown"
    assert len(events(sqlite, "idp.revoke_mandate")) == 1
    assert any("已不是潮联科技有限公司的法定代表人" in one.text.zh for one in notices.told(city.deps, old.account.id))


def test_the_worker_asks_again_and_takes_out_whoever_is_no_representative_any_more(
    city: Provider, register: LegalPersons, clock: FixedClock
) -> None:
    current = logged_in(city.deps)
    company = representing.claim(city.deps, current, USCC, address=ADDRESS)
    mandate = give_mandate(city.deps, company.username, "huangyao", valid_until=clock.moment + timedelta(days=365))
    register.write()
    assert representing.check_due(city.deps) == 0  # it was asked just now
    clock.moment += timedelta(hours=6, seconds=1)
    register.file.write_text("broken")
    assert representing.check_due(city.deps) == 0  # a register that is away takes nobody out
    assert mandates.get(city.deps, mandate.id) == mandate
    register.write(COMPANY)
    assert representing.check_due(city.deps) == 0
    register.write((*COMPANY[:4], "deregistered"))
    assert representing.check_due(city.deps) == 0  # it was asked just now
    clock.moment += timedelta(hours=6, seconds=1)
    assert representing.check_due(city.deps) == 1
    with pytest.raises(Refusal):
        mandates.get(city.deps, mandate.id)
    assert not overview.represented(city.deps, current)


class HandedOver:
    """A register that is asked about the old representative when the organisation has just changed hands: the new one claims before it answers."""

    def __init__(self, city: Provider, register: LegalPersons) -> None:
        self._city, self._register = city, register

    def find(self, uscc: str) -> LegalPerson | None:
        self._register.write((*COMPANY[:2], *HUANG, "active"))
        representing.claim(self._city.deps, logged_in(self._city.deps, "huangyao"), uscc, address=ADDRESS)
        return self._register.register.find(uscc)


@pytest.mark.parametrize("asked_by", ["the worker", "the old one"])
def test_whoever_claims_while_the_register_is_asked_about_the_one_before_stays(
    city: Provider, register: LegalPersons, clock: FixedClock, asked_by: str
) -> None:
    old = logged_in(city.deps)
    company = representing.claim(city.deps, old, USCC, address=ADDRESS)
    late = replace(city.deps, registers=Registers(legal_persons=HandedOver(city, register)))
    if asked_by == "the worker":
        clock.moment += timedelta(hours=7)
        representing.check_due(late)
    else:
        with pytest.raises(Refusal):
            representing.ask_again(late, old, company)
    assert overview.represented(city.deps, logged_in(city.deps, "huangyao"))
    assert not overview.represented(city.deps, old)


def test_an_entry_that_cannot_be_read_keeps_nobody_else_from_being_asked_about(
    city: Provider, register: LegalPersons, clock: FixedClock
) -> None:
    first, second = logged_in(city.deps), logged_in(city.deps, "huangyao")
    other = ("91445100MA7CHAN008", "韩江茶业有限公司", *HUANG, "active")
    register.write(COMPANY, other)
    representing.claim(city.deps, first, USCC, address=ADDRESS)
    clock.moment += timedelta(seconds=1)
    representing.claim(city.deps, second, other[0], address=ADDRESS)
    clock.moment += timedelta(hours=7)
    register.write((*COMPANY[:3], "E12345678", "active"), (*other[:4], "revoked"))
    assert representing.check_due(city.deps) == 1
    assert overview.represented(city.deps, first)
    assert not overview.represented(city.deps, logged_in(city.deps, "huangyao"))


def test_two_claims_at_once_make_one_account(deps: IdpDeps, register: LegalPersons) -> None:
    deps = replace(deps, registers=Registers(legal_persons=register.register))
    add_account(deps, resident_id=CHEN[1], real_name_level=4)
    current = logged_in(deps)
    found: list[str] = []

    def claim() -> None:
        found.append(representing.claim(deps, current, USCC, address=ADDRESS).id)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert len(overview.represented(deps, current)) == 1


def test_a_disabled_organisation_is_in_nobodys_hands(city: Provider) -> None:
    current = logged_in(city.deps)
    company = representing.claim(city.deps, current, USCC, address=ADDRESS)
    accounts.disable(city.deps, company.id, actor=OPERATOR)
    assert not overview.represented(city.deps, current)
    assert refused(city.deps) == "organization_not_active"
