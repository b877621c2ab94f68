"""Appointing agents: what is refused, what waits for whom, and that nobody reaches what is another's."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from idp import notices
from idp.browsers.sessions import Current
from idp.enterprises import appointing, documents, overview, representing
from idp.enterprises.appointing import Appointment
from idp.people import accounts
from idp.ports import IdpDeps
from idp.registers.ports import Registers
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import MARKET, OPERATOR, Provider, add_account, add_client, events
from tests.support.mandates import USCC, LegalPersons
from tests.unit.idp.enterprises.conftest import CHEN, COMPANY, HUANG, logged_in

OTHER = "91445100MA4WR7QBB0"


def appointment(deps: IdpDeps, name: str = HUANG[0], resident_id: str = HUANG[1], **changes: Any) -> Appointment:
    values: dict[str, Any] = {"departments": (MARKET,), "powers": ("profile",), "until": deps.clock.now() + timedelta(days=90)}
    return Appointment(name, resident_id, **(values | changes))


@pytest.fixture
def chen(city: Provider) -> Current:
    return logged_in(city.deps)


@pytest.fixture
def company(city: Provider, chen: Current) -> str:
    return representing.claim(city.deps, chen, USCC, address="192.0.2.1").id


def code_of(act: Any, *arguments: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        act(*arguments)
    return refusal.value.code


def test_an_agent_accepts_and_the_mandate_is_signed(city: Provider, chen: Current, company: str, sqlite: sa.Engine) -> None:
    deps, huang = city.deps, logged_in(city.deps, "huangyao")
    appointing.appoint(deps, chen, company, appointment(deps, " 黄垚 ", HUANG[1]))
    (offer,) = overview.describe(deps, representing.get_represented(deps, chen, company)).offers
    assert (offer.offer.agent, offer.offer.number) == ("黄垚", "445*************83")
    assert not overview.held(deps, huang)
    (waiting,) = overview.waiting(deps, huang)
    assert [one.zh for one in waiting.departments] == ["潮州市市场监督管理局"]
    assert any("潮联科技有限公司" in one.text.zh for one in notices.told(deps, huang.account.id))
    appointing.accept(deps, huang, waiting.offer.record.id)
    (held,) = overview.held(deps, huang)
    assert (held.mandate.departments, held.mandate.powers) == ((MARKET,), ("profile",))
    assert documents.verify(deps, held.mandate)["agent"] == {"name": "黄垚"}
    assert any("黄垚" in one.text.zh for one in notices.told(deps, chen.account.id))
    assert not overview.waiting(deps, huang)
    assert events(sqlite, "idp.add_mandate")[-1]["actor"] == f"account:{huang.account.id}"
    appointing.revoke(deps, chen, company, held.mandate.id)
    assert not overview.held(deps, huang)
    assert code_of(appointing.revoke, deps, chen, company, held.mandate.id) == "mandate_unknown"


def test_to_oneself_it_is_given_at_once(city: Provider, chen: Current, company: str) -> None:
    appointing.appoint(city.deps, chen, company, appointment(city.deps, *CHEN))
    (held,) = overview.held(city.deps, chen)
    assert held.organization is not None
    assert held.organization.name == "潮联科技有限公司"
    appointing.resign(city.deps, chen, held.mandate.id)
    assert not overview.held(city.deps, chen)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "黄\u202e垚"}),
        ("name", {"name": "黄" * 101}),
        ("resident_id", {"resident_id": "445103199202291284"}),
        ("resident_id", {"resident_id": ""}),
        ("departments", {"departments": ()}),
        ("departments", {"departments": ("114451006B39GGDTXW",)}),
        ("departments", {"departments": ("nobody",)}),
        ("powers", {"powers": ()}),
        ("powers", {"powers": ("openid",)}),
        ("powers", {"powers": ("mandates",)}),
        ("until", {"until": timedelta(0)}),
        ("until", {"until": timedelta(days=367)}),
    ],
    ids=str,
)
def test_what_no_mandate_can_say_is_refused_by_the_name_of_its_field(
    city: Provider, chen: Current, company: str, field: str, changes: dict[str, Any]
) -> None:
    deps = city.deps
    moved = {name: deps.clock.now() + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    with pytest.raises(Refusal) as refusal:
        appointing.appoint(deps, chen, company, appointment(deps, **moved))
    assert refusal.value.field == field
    assert not overview.describe(deps, representing.get_represented(deps, chen, company)).offers


def test_whether_there_is_an_account_of_a_number_nobody_learns(city: Provider, chen: Current, company: str) -> None:
    """The representative sees the same of somebody who is here, of nobody, and of a name that is not the number's."""
    deps = city.deps
    people = [HUANG, ("许䶮", "445102199508260029"), ("黄丫", HUANG[1])]
    for person in people:
        appointing.appoint(deps, chen, company, appointment(deps, *person))
    desk = overview.describe(deps, representing.get_represented(deps, chen, company))
    offers = {one.offer.agent: one.offer for one in desk.offers}
    assert offers.keys() == {name for name, _ in people}
    assert [one.offer.agent for one in overview.waiting(deps, logged_in(deps, "huangyao"))] == [
        "黄垚"
    ]  # a look-alike is not offered
    assert code_of(appointing.accept, deps, logged_in(deps, "huangyao"), offers["黄丫"].record.id) == "mandate_offer_over"


def test_nobody_reaches_what_is_anothers(city: Provider, chen: Current, company: str, register: LegalPersons) -> None:
    """What the header says is not asked: each thing is looked up by its own owner (Zitadel 2026-105209)."""
    deps, huang = city.deps, logged_in(city.deps, "huangyao")
    register.write(COMPANY, (OTHER, "潮联科枝有限公司", *HUANG, "active"))
    others = representing.claim(deps, huang, OTHER, address="192.0.2.1").id
    appointing.appoint(deps, chen, company, appointment(deps, *CHEN))
    appointing.appoint(deps, chen, company, appointment(deps, "许䶮", "445102199508260029"))
    desk = overview.describe(deps, representing.get_represented(deps, chen, company))
    mandate, offer = desk.given[0].mandate.id, desk.offers[0].offer.record.id
    for organization in (company, "sub.unknown"):  # not theirs, and none
        assert code_of(representing.get_represented, deps, huang, organization) == "organization_unknown"
        assert code_of(appointing.appoint, deps, huang, organization, appointment(deps)) == "organization_unknown"
        assert code_of(appointing.revoke, deps, huang, organization, mandate) == "organization_unknown"
        assert code_of(appointing.withdraw, deps, huang, organization, offer) == "organization_unknown"
        assert code_of(representing.close_own_login, deps, huang, organization) == "organization_unknown"
    # Through an organisation that is theirs.
    assert code_of(appointing.revoke, deps, huang, others, mandate) == "mandate_unknown"
    assert code_of(appointing.withdraw, deps, huang, others, offer) == "mandate_offer_over"
    # As an agent who was not meant.
    for act in (appointing.accept, appointing.refuse):
        assert code_of(act, deps, huang, offer) == "mandate_offer_over"
    assert code_of(appointing.resign, deps, huang, mandate) == "mandate_unknown"
    after = overview.describe(deps, representing.get_represented(deps, chen, company))
    assert (len(after.given), len(after.offers)) == (1, 1)
    appointing.withdraw(deps, chen, company, offer)
    assert code_of(appointing.withdraw, deps, chen, company, offer) == "mandate_offer_over"


def test_an_offer_ends_after_its_days_with_its_organisation_and_by_refusal(
    city: Provider, chen: Current, company: str, clock: FixedClock
) -> None:
    deps, huang = city.deps, logged_in(city.deps, "huangyao")
    appointing.appoint(deps, chen, company, appointment(deps))
    (waiting,) = overview.waiting(deps, huang)
    appointing.refuse(deps, huang, waiting.offer.record.id)
    assert code_of(appointing.accept, deps, huang, waiting.offer.record.id) == "mandate_offer_over"
    appointing.appoint(deps, chen, company, appointment(deps))
    (waiting,) = overview.waiting(deps, huang)
    accounts.disable(deps, company, actor=OPERATOR)
    assert code_of(appointing.accept, deps, huang, waiting.offer.record.id) == "mandate_offer_over"
    accounts.enable(deps, company, actor=OPERATOR)
    clock.moment += timedelta(days=14)
    assert code_of(appointing.accept, deps, logged_in(deps, "huangyao"), waiting.offer.record.id) == "mandate_offer_over"


def test_only_whoever_was_proven_well_enough_accepts(city: Provider, chen: Current, company: str) -> None:
    """Name and number can be read off a card: somebody who only declared them is not let near a mandate."""
    add_account(city.deps, "declared", name="许䶮", resident_id="445102199508260029", phone="+86 138 0000 0008")
    appointing.appoint(city.deps, chen, company, appointment(city.deps, "许䶮", "445102199508260029"))
    declared = logged_in(city.deps, "declared")
    (waiting,) = overview.waiting(city.deps, declared)
    assert code_of(appointing.accept, city.deps, declared, waiting.offer.record.id) == "organization_level_too_low"
    assert len(overview.waiting(city.deps, declared)) == 1


def test_a_representative_whom_the_register_no_longer_names_gives_nothing_more(
    city: Provider, chen: Current, company: str, register: LegalPersons
) -> None:
    register.file.write_text("broken")
    assert code_of(appointing.appoint, city.deps, chen, company, appointment(city.deps)) == "register_away"
    register.write((*COMPANY[:2], *HUANG, "active"))
    assert code_of(appointing.appoint, city.deps, chen, company, appointment(city.deps)) == "not_representative"
    register.write(COMPANY)
    assert code_of(appointing.appoint, city.deps, chen, company, appointment(city.deps)) == "organization_unknown"


def test_appointing_and_accepting_want_a_fresh_login_and_revoking_does_not(
    city: Provider, chen: Current, company: str, clock: FixedClock
) -> None:
    deps, huang = city.deps, logged_in(city.deps, "huangyao")
    appointing.appoint(deps, chen, company, appointment(deps, *CHEN))
    appointing.appoint(deps, chen, company, appointment(deps))
    (waiting,) = overview.waiting(deps, huang)
    clock.moment += timedelta(seconds=deps.policies.assurance.change_within_seconds)
    assert code_of(appointing.appoint, deps, chen, company, appointment(deps)) == "fresh_login_needed"
    assert code_of(appointing.accept, deps, huang, waiting.offer.record.id) == "fresh_login_needed"
    (held,) = overview.held(deps, chen)
    appointing.revoke(deps, chen, company, held.mandate.id)


def test_one_offer_accepted_many_times_at_once_gives_one_mandate(deps: IdpDeps, register: LegalPersons) -> None:
    deps = replace(deps, registers=Registers(legal_persons=register.register))
    add_client(deps)
    add_account(deps, resident_id=CHEN[1], real_name_level=4)
    add_account(deps, "huangyao", name=HUANG[0], resident_id=HUANG[1], real_name_level=4, phone=None)
    chen, huang = logged_in(deps), logged_in(deps, "huangyao")
    company = representing.claim(deps, chen, USCC, address="192.0.2.1").id
    appointing.appoint(deps, chen, company, appointment(deps))
    (waiting,) = overview.waiting(deps, huang)
    outcomes: list[str] = []

    def accept() -> None:
        try:
            appointing.accept(deps, huang, waiting.offer.record.id)
            outcomes.append("accepted")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=accept) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["accepted", *["mandate_offer_over"] * 3]
    assert len(overview.held(deps, huang)) == 1


def test_an_organisation_has_so_many_and_no_more(
    city: Provider, chen: Current, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appointing, "_MOST", 2)
    for _ in range(2):
        appointing.appoint(city.deps, chen, company, appointment(city.deps))
    assert code_of(appointing.appoint, city.deps, chen, company, appointment(city.deps)) == "mandates_full"
