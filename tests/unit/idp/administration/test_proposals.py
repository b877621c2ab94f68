"""What takes two admins is asked for by one and approved by another, once; nobody decides about themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from idp.administration import adding, proposals
from idp.administration.acts import Wish
from idp.administration.admins import Admin, official, operator
from idp.people import accounts
from idp.people.accounts import NewAccount
from idp.ports import IdpDeps
from idp.records import Account
from kernel.clock import FixedClock
from kernel.errors import Refusal
from tests.support.idp import PASSWORD, TOTP_SECRET, add_account, events

CHEN, LIN, WANG = operator("operator:Chen"), operator("operator:Lin"), operator("operator:Wang")


def add_staff(deps: IdpDeps, username: str = "linwenshu", **changes: Any) -> Account:
    values: dict[str, Any] = {
        "kind": "staff",
        "name": "林文书",
        "totp_secret": TOTP_SECRET,
        "organization": "潮州市某局",
        **changes,
    }
    return add_account(deps, username, **values)


def asked(deps: IdpDeps, account: Account, wish: Wish = "give_role", role: str | None = "clerk") -> str:
    """Return what waits: a role for somebody, asked for by Chen."""
    waiting = proposals.ask(deps, CHEN, wish, account.id, role=role, reason="新到窗口")
    assert waiting is not None
    return waiting.id


def roles(deps: IdpDeps, account: Account) -> tuple[str, ...]:
    return accounts.get_by_username(deps, account.username).roles


def test_a_role_is_given_when_another_admin_approves_and_only_then(deps: IdpDeps, engine: sa.Engine) -> None:
    staff = add_staff(deps)
    waiting = asked(deps, staff)
    assert roles(deps, staff) == ()
    assert [one.username for one in proposals.listed(deps, only_open=True)] == ["linwenshu"]
    decided = proposals.approve(deps, LIN, waiting).proposal
    assert (decided.state, decided.decided_by, roles(deps, staff)) == ("approved", "operator:Lin", ("clerk",))
    (event,) = events(engine, "idp.give_role")
    assert (event["actor"], event["target"]) == ("operator:Lin", f"account:{staff.id}")
    assert "operator:Chen" in event["details"]
    assert proposals.listed(deps, only_open=True) == []


@pytest.mark.parametrize("same", ["operator:Chen", "operator: ＣＨＥＮ", "account:chen"])
def test_whoever_asked_does_not_approve_however_their_name_is_spelt(light: IdpDeps, same: str) -> None:
    staff = add_staff(light)
    waiting = asked(light, staff)
    with pytest.raises(Refusal, match="second_admin_needed"):
        proposals.approve(light, operator(same), waiting)
    assert roles(light, staff) == ()


def test_at_the_console_and_at_a_terminal_one_is_the_same_person(light: IdpDeps) -> None:
    waiting = asked(light, add_staff(light))
    with pytest.raises(Refusal, match="second_admin_needed"):
        proposals.approve(light, official("sub.anything", "chen"), waiting)


def test_nobody_decides_about_themselves(light: IdpDeps) -> None:
    staff = add_staff(light)
    waiting = asked(light, staff)
    for oneself in (official(staff.id, staff.username), operator("operator:Lin Wenshu")):
        for act in (proposals.approve, proposals.reject):
            with pytest.raises(Refusal, match="act_on_oneself"):
                act(light, oneself, waiting)
        with pytest.raises(Refusal, match="act_on_oneself"):
            proposals.ask(light, oneself, "give_role", staff.id, role="auditor", reason="想要")


def test_of_many_decisions_at_once_one_counts(deps: IdpDeps, engine: sa.Engine) -> None:
    staff = add_staff(deps)
    waiting = asked(deps, staff)

    def decide(admin: Admin) -> str:
        try:
            return proposals.approve(deps, admin, waiting).proposal.state
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(decide, [LIN, WANG] * 2))
    assert found == ["approved", "proposal_over", "proposal_over", "proposal_over"]
    assert (roles(deps, staff), len(events(engine, "idp.give_role"))) == (("clerk",), 1)


def test_what_was_rejected_or_is_too_old_is_over(light: IdpDeps, clock: FixedClock) -> None:
    staff = add_staff(light)
    rejected, late = asked(light, staff), asked(light, staff)
    proposals.reject(light, LIN, rejected)
    clock.advance(timedelta(seconds=light.policies.roles.two_admins.valid_seconds))
    for waiting in (rejected, late):
        with pytest.raises(Refusal, match="proposal_over"):
            proposals.approve(light, LIN, waiting)
    assert (roles(light, staff), len(proposals.listed(light))) == ((), 2)
    with pytest.raises(Refusal, match="proposal_unknown"):
        proposals.approve(light, LIN, "no such")


def test_what_cannot_be_done_any_more_stays_undecided(light: IdpDeps) -> None:
    staff = add_staff(light)
    first, second = asked(light, staff), asked(light, staff)
    proposals.approve(light, LIN, first)
    with pytest.raises(Refusal, match="role_unsuitable"):
        proposals.approve(light, LIN, second)
    assert proposals.get(light, second).state == "open"


def test_an_ordinary_account_is_disabled_at_once_and_an_officials_by_two(deps: IdpDeps) -> None:
    citizen, staff = add_account(deps), add_staff(deps, roles=("clerk",))
    assert proposals.ask(deps, CHEN, "disable", citizen.id, reason="盗用") is None
    assert accounts.get_by_username(deps, citizen.username).disabled_at is not None
    waiting = asked(deps, staff, "disable", None)
    assert accounts.get_by_username(deps, staff.username).disabled_at is None
    proposals.approve(deps, LIN, waiting)
    assert accounts.get_by_username(deps, staff.username).disabled_at is not None
    assert proposals.ask(deps, CHEN, "enable", staff.id, reason="查清") is None
    assert accounts.get_by_username(deps, staff.username).disabled_at is None
    assert proposals.ask(deps, CHEN, "take_role", staff.id, role="clerk", reason="调走") is None
    assert roles(deps, staff) == ()


def test_a_department_admin_reaches_no_further_than_their_own_staff(light: IdpDeps) -> None:
    own, other, citizen = add_staff(light), add_staff(light, "other", organization="另一局"), add_account(light)
    unassigned = add_staff(light, "nowhere", organization=None)
    admin = official("sub.admin", "bumen", within="潮州市某局")
    assert proposals.ask(light, admin, "disable", own.id, reason="离职") is None
    for beyond in (other, citizen, unassigned):
        with pytest.raises(Refusal, match="account_unknown"):
            proposals.ask(light, admin, "disable", beyond.id, reason="离职")
    with pytest.raises(Refusal, match="account_unknown"):
        proposals.ask(light, replace(admin, within=""), "enable", unassigned.id, reason="无所属")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "看\u202e不见"])
def test_a_reason_is_asked_for(light: IdpDeps, reason: str) -> None:
    citizen = add_account(light)
    with pytest.raises(Refusal, match="reason_missing"):
        proposals.ask(light, CHEN, "disable", citizen.id, reason=reason)


def test_a_new_nodes_first_admins_get_their_roles_at_once_and_later_ones_wait(deps: IdpDeps) -> None:
    def add(username: str, role: str = "security_admin") -> int:
        kind: Any = "staff" if role == "clerk" else "security_admin"
        new = NewAccount(username, kind, "某", PASSWORD, roles=(role,), totp_secret=TOTP_SECRET)
        account, waiting = adding.add(deps, CHEN, new)
        assert (account.roles == ()) is bool(waiting)
        return len(waiting)

    assert [add("first"), add("clerk1", "clerk"), add("second"), add("third"), add("clerk2", "clerk")] == [0, 0, 0, 1, 1]
