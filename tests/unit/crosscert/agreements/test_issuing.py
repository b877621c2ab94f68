"""What a crash or a race leaves behind: one certificate, one decision. Races on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from crosscert import agreements
from crosscert.agreements import plans
from crosscert.errors import AGREEMENT_STATE, CODE_WRONG, PLAN_CHANGED
from crosscert.records import Agreement
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.pki import CITY
from tests.support.three_nodes import ADMINS, ASKER, Federation, Member, Web, certify, make_member
from tests.unit.crosscert.agreements.steps import approve, approved, compared, refused, standing, taken


@pytest.fixture
def city(engine: sa.Engine, tmp_path: Path, clock: FixedClock) -> Member:
    """A city on each database engine, without agreements."""
    folder = tmp_path / "city on the engine"
    folder.mkdir()
    return make_member(engine, folder, clock, CITY, Web())


def at_once(*acts: Callable[[], Agreement]) -> list[object]:
    """Run all at one moment; return what each came to: a state, or the code of a refusal."""
    start = threading.Barrier(len(acts))
    outcomes: list[object] = []

    def run(act: Callable[[], Agreement]) -> None:
        start.wait()
        try:
            outcomes.append(act().state)
        except Refusal as refusal:
            outcomes.append(refusal.error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_who_act_at_once_each_step_is_taken_once(city: Member, apart: Federation) -> None:
    found = taken(city, apart.county)
    deps, identifier = city.deps, found.identifier
    # Wrong codes are all counted.
    wrong = at_once(*(lambda: agreements.confirm(deps, identifier, "no", actor=ASKER) for _ in range(3)))
    assert wrong == [CODE_WRONG] * 3
    assert agreements.get(deps, identifier).misses == 3
    # One confirms, the other finds it confirmed.
    outcomes = at_once(*(lambda: agreements.confirm(deps, identifier, found.code, actor=ASKER) for _ in range(2)))
    assert sorted(map(str, outcomes)) == sorted(map(str, ["compared", AGREEMENT_STATE]))
    # Two admins at one moment both count.
    plan = plans.plan_of(deps, found).digest

    def approve(admin: str) -> Callable[[], Agreement]:
        return lambda: agreements.approve(deps, identifier, approver=admin, plan_sha256=plan)

    assert "approved" in at_once(*map(approve, ADMINS))
    assert agreements.get(deps, identifier).state == "approved"
    # Of two who issue one certificate stands.
    outcomes = at_once(*(lambda: agreements.issue(deps, identifier, actor=ASKER) for _ in range(2)))
    final = agreements.issue(deps, identifier, actor=ASKER)
    assert final.state == "issued"
    assert set(outcomes) <= {"issued", "issuing", AGREEMENT_STATE}
    assert standing(city) == [final.serial]
    # Both who revoke see it revoked, or that it was.
    outcomes = at_once(*(lambda: agreements.revoke(deps, identifier, actor=ASKER) for _ in range(2)))
    assert "revoked" in outcomes
    assert set(outcomes) <= {"revoked", AGREEMENT_STATE}
    assert standing(city) == []


def test_an_issuing_that_was_killed_after_signing_adopts_what_was_signed(apart: Federation) -> None:
    city, county = apart.city, apart.county
    found = approved(city, county)
    broken = _BrokenAtTheEnd(city)
    with pytest.raises(ZeroDivisionError):
        agreements.issue(broken.deps, found.identifier, actor=ASKER)
    assert agreements.get(city.deps, found.identifier).state == "issuing"
    signed = standing(city)
    assert len(signed) == 1
    issued = agreements.issue(city.deps, found.identifier, actor=ASKER)
    assert (issued.state, issued.serial) == ("issued", signed[0])
    assert standing(city) == signed


def test_what_a_renewal_signed_is_not_withdrawn_by_who_asks_for_the_old_one_again(apart: Federation) -> None:
    city = apart.city
    old = agreements.issue(city.deps, approved(city, apart.county).identifier, actor=ASKER)
    new = agreements.renew(city.deps, old.identifier, old.constraints, requester=ASKER)
    for admin in ADMINS:
        approve(city, new, admin)
    with pytest.raises(ZeroDivisionError):
        agreements.issue(_BrokenAtTheEnd(city).deps, new.identifier, actor=ASKER)
    signed = set(standing(city))
    assert len(signed) == 2
    assert agreements.issue(city.deps, old.identifier, actor=ASKER).serial == old.serial
    assert set(standing(city)) == signed
    assert agreements.issue(city.deps, new.identifier, actor=ASKER).serial in signed - {old.serial}


def test_an_issuing_that_was_killed_before_signing_is_taken_up(apart: Federation) -> None:
    city, county = apart.city, apart.county
    found = approved(city, county)
    with city.deps.work.begin() as work:
        assert work.records.move_agreement(found.identifier, before="approved", after="issuing", attempt=0)
    assert agreements.issue(city.deps, found.identifier, actor=ASKER).state == "issued"
    assert len(standing(city)) == 1


def test_an_issuing_that_was_killed_before_signing_does_not_outlive_what_was_approved(apart: Federation) -> None:
    city = apart.city
    found = approved(city, apart.county)
    with city.deps.work.begin() as work:
        assert work.records.move_agreement(found.identifier, before="approved", after="issuing", attempt=0)
    before = {*standing(city), certify(city, apart.other).serial}  # the graph changes
    with refused(PLAN_CHANGED):
        agreements.issue(city.deps, found.identifier, actor=ASKER)
    assert (agreements.get(city.deps, found.identifier).state, set(standing(city))) == ("compared", before)


def test_a_revocation_that_was_killed_half_way_is_finished(apart: Federation) -> None:
    city, county = apart.city, apart.county
    found = agreements.issue(city.deps, approved(city, county).identifier, actor=ASKER)
    broken = _BrokenAtTheEnd(city, writes=0)
    with pytest.raises(ZeroDivisionError):
        agreements.revoke(broken.deps, found.identifier, actor=ADMINS[0])
    assert (agreements.get(city.deps, found.identifier).state, standing(city)) == ("issued", [])
    assert agreements.revoke(city.deps, found.identifier, actor=ADMINS[0]).state == "revoked"


def test_an_approval_and_its_audit_row_are_stored_together_or_not_at_all(apart: Federation) -> None:
    city, county = apart.city, apart.county
    found = compared(city, county)
    broken = _BrokenAtTheEnd(city, writes=0)
    plan = plans.plan_of(city.deps, found).digest
    with pytest.raises(ZeroDivisionError):
        agreements.approve(broken.deps, found.identifier, approver=ADMINS[0], plan_sha256=plan)
    assert agreements.get(city.deps, found.identifier).approvals == ()


class _BrokenAtTheEnd:
    """A node whose store fails at the write after ``writes`` of them: by default when the issued certificate is to be recorded."""

    def __init__(self, whole: Member, writes: int = 1) -> None:
        outer = whole.deps.work

        class Work:
            count = 0

            def begin(self) -> object:
                Work.count += 1
                if Work.count > writes:
                    raise ZeroDivisionError
                return outer.begin()

            def read(self) -> object:
                return outer.read()

            def look(self) -> object:
                return outer.look()

        self.deps = replace(whole.deps, work=Work())  # type: ignore[arg-type]
