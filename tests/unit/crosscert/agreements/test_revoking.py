"""Revocation: by one admin at once, with what breaks told first; looked over by another within a day."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from crosscert import agreements
from crosscert.agreements import plans
from crosscert.errors import AGREEMENT_STATE, REVIEWER_UNSUITABLE
from crosscert.records import Agreement
from service.cli.doctor import _reviews
from tests.support.pki import CITY, COUNTY, OTHER_COUNTY
from tests.support.three_nodes import ADMINS, ASKER, Federation, approve_and_issue
from tests.unit.crosscert.agreements.steps import refused, standing

if TYPE_CHECKING:
    from service.wiring import Services

DAY = timedelta(days=1)


def live(nodes: Federation) -> Agreement:
    found = agreements.find_live(nodes.city.deps, COUNTY.code)
    assert found is not None
    return found


def test_what_breaks_is_told_before_anything_is_revoked(synced: Federation) -> None:
    found = agreements.find_live(synced.county.deps, CITY.code)
    assert found is not None
    plan = plans.plan_of_revocation(synced.county.deps, found)
    assert plan is not None
    assert {(change.code, change.lost) for change in plan.changes} == {
        (CITY.code, ("basic", "substantial", "high")),
        (OTHER_COUNTY.code, ("basic", "substantial", "high")),
    }
    assert plan.changes[0].types_lost
    assert agreements.get(synced.county.deps, found.identifier).state == "issued"


def test_one_admin_revokes_at_once_and_trust_ends(synced: Federation) -> None:
    seal = synced.county.seal()
    assert synced.city.trust.path(seal, at=synced.clock.now(), levels="substantial").valid
    found = agreements.revoke(synced.city.deps, live(synced).identifier, actor=ADMINS[0], reason="ca_compromise")
    assert (found.state, found.ended_by, found.ended_at) == ("revoked", ADMINS[0], synced.clock.now())
    assert not synced.city.trust.path(seal, at=synced.clock.now(), levels="substantial").valid
    assert agreements.find_live(synced.city.deps, COUNTY.code) is None


def test_a_revocation_is_reviewed_by_somebody_else_within_a_day(nodes: Federation) -> None:
    deps = nodes.city.deps
    found = agreements.revoke(deps, live(nodes).identifier, actor="account:wang")
    assert agreements.review_until(deps, found) == nodes.clock.now() + DAY
    for same in ("account:wang", "operator:WANG"):
        with refused(REVIEWER_UNSUITABLE):
            agreements.review(deps, found.identifier, reviewer=same)
    nodes.clock.advance(DAY - timedelta(microseconds=1))
    assert agreements.overdue_reviews(deps) == []
    nodes.clock.advance(timedelta(microseconds=1))
    assert [each.identifier for each in agreements.overdue_reviews(deps)] == [found.identifier]
    told = _reviews(cast("Services", SimpleNamespace(crosscert=deps)))  # what doctor says
    assert (told.ok, found.identifier in told.detail) == (False, True)
    reviewed = agreements.review(deps, found.identifier, reviewer="account:li")
    assert (reviewed.reviewed_by, reviewed.reviewed_at) == ("account:li", nodes.clock.now())
    assert agreements.review_until(deps, reviewed) is None
    assert agreements.overdue_reviews(deps) == []
    with refused(REVIEWER_UNSUITABLE):
        agreements.review(deps, found.identifier, reviewer="account:zhao")
    with refused(AGREEMENT_STATE):
        agreements.revoke(deps, found.identifier, actor="account:li")


def test_while_one_certificate_takes_the_place_of_another_both_are_revoked(nodes: Federation) -> None:
    deps, old = nodes.city.deps, live(nodes)
    others = set(standing(nodes.city)) - {old.serial}
    new = approve_and_issue(nodes.city, agreements.renew(deps, old.identifier, old.constraints, requester=ASKER))
    assert {each.identifier for each in agreements.standing_with(deps, old)} == {new.identifier, old.identifier}
    plan = plans.plan_of_revocation(deps, old)
    assert plan is not None
    assert "饶平县" in [
        each.name for each in plan.changes if each.lost
    ]  # what is told is what happens, not what one of them does
    assert agreements.revoke(deps, old.identifier, actor=ADMINS[0]).state == "revoked"
    assert agreements.get(deps, new.identifier).state == "revoked"
    assert set(standing(nodes.city)) == others


def test_what_was_to_take_the_place_of_a_revoked_certificate_is_rejected(nodes: Federation) -> None:
    deps, old = nodes.city.deps, live(nodes)
    new = agreements.renew(deps, old.identifier, old.constraints, requester=ASKER)
    agreements.revoke(deps, old.identifier, actor=ADMINS[0])
    assert agreements.get(deps, new.identifier).state == "rejected"
