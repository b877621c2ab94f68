"""The table of states is what the operations do: each way in it can be gone, each that is not in it is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert import agreements
from crosscert.agreements import plans
from crosscert.agreements.states import TRANSITIONS, Action, after
from crosscert.errors import AGREEMENT_STATE
from crosscert.records import AgreementKind, AgreementState
from kernel.errors import Refusal
from tests.support.three_nodes import ADMINS, ASKER, Federation, Member, request
from tests.unit.crosscert.agreements.steps import refused

STEPS = ("confirm", "approve", "reject", "issue", "receive", "renew", "revoke", "review")


@pytest.mark.parametrize("kind", get_args(AgreementKind))
def test_what_is_not_in_the_table_is_refused_by_name(kind: AgreementKind) -> None:
    for state in get_args(AgreementState):
        for action in get_args(Action):
            target = TRANSITIONS[kind].get(state, {}).get(action)
            if target is not None:
                assert after(kind, state, action) == target
                continue
            with refused(AGREEMENT_STATE):
                after(kind, state, action)


def test_every_state_is_reached_and_nothing_leads_back_from_an_end() -> None:
    for table in TRANSITIONS.values():
        reached = {"requested", *(target for ways in table.values() for target in ways.values())}
        assert set(table) <= reached
        for end in ("rejected", "superseded"):
            assert end not in table
        assert set(table.get("revoked", {}).values()) <= {"revoked"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["node", "asked"]), walk=st.lists(st.sampled_from(STEPS), max_size=12))
def test_whatever_is_tried_in_whatever_order_the_table_holds(apart: Federation, kind: AgreementKind, walk: list[str]) -> None:
    city, county = apart.city, apart.county
    asked, document = request(county, city)
    taken = agreements.take(city.deps, document, requester=ASKER)
    mine, member = (taken, city) if kind == "node" else (asked, county)
    state: AgreementState = "requested"
    approvals, reviewed = 0, False
    try:
        for step in walk:
            action: Action = step  # type: ignore[assignment]
            if step == "approve" and approvals == 1:
                action = "agree"
            expected = TRANSITIONS[kind].get(state, {}).get(action)
            if step == "review" and reviewed:
                expected = None
            before = agreements.get(member.deps, mine.identifier)
            if expected is None or step == "receive":  # what is received here is no certificate
                with pytest.raises(Refusal) as raised:
                    _steps(member, mine.identifier, approvals)[step]()
                assert (raised.value.code == "certificate_unreadable") == (expected is not None)
                assert agreements.get(member.deps, mine.identifier) == before
                continue
            _steps(member, mine.identifier, approvals)[step]()
            approvals += step == "approve"
            reviewed |= step == "review"
            state = "issued" if step == "issue" else expected
            assert agreements.get(member.deps, mine.identifier).state == state
    finally:
        _close(city, county)


def _steps(member: Member, identifier: str, approvals: int) -> dict[str, Callable[[], object]]:
    deps = member.deps

    def approve() -> object:
        found = agreements.get(deps, identifier)
        after(found.kind, found.state, "approve")
        plan = plans.plan_of(deps, found).digest
        return agreements.approve(deps, identifier, approver=ADMINS[min(approvals, 1)], plan_sha256=plan)

    def renew() -> object:
        new = agreements.renew(deps, identifier, agreements.get(deps, identifier).constraints, requester=ASKER)
        return agreements.reject(deps, new.identifier, actor=ASKER)

    return {
        "confirm": lambda: agreements.confirm(deps, identifier, agreements.get(deps, identifier).code, actor=ASKER),
        "approve": approve,
        "reject": lambda: agreements.reject(deps, identifier, actor=ASKER),
        "issue": lambda: agreements.issue(deps, identifier, actor=ASKER),
        "receive": lambda: agreements.receive(deps, identifier, b"?", actor=ASKER),
        "renew": renew,
        "revoke": lambda: agreements.revoke(deps, identifier, actor=ADMINS[0]),
        "review": lambda: agreements.review(deps, identifier, reviewer=ADMINS[1]),
    }


def _close(*members: Member) -> None:
    """End whatever is open, for the next walk."""
    for member in members:
        for each in agreements.list_agreements(member.deps):
            ways = TRANSITIONS[each.kind].get(each.state, {})
            if "reject" in ways:
                agreements.reject(member.deps, each.identifier, actor=ASKER)
            elif "revoke" in ways:
                agreements.revoke(member.deps, each.identifier, actor=ADMINS[0])
