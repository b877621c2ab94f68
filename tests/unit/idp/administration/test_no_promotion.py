"""Nobody gets a role by any route but an admin's word and another's: a test for each (Keycloak 2026-94000 and its like)."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from idp.administration import proposals
from idp.administration.admins import operator
from idp.directories import people
from idp.people import accounts
from idp.ports import IdpDeps
from idp.records import DirectorySettings, StaffEntry
from kernel.errors import Refusal
from policies.roles import find_reach, permits
from tests.support.idp import MARKET, TOTP_SECRET, Provider, add_account

CHEN = operator("operator:Chen")


@pytest.mark.parametrize("kind", ["citizen", "enterprise", "staff"])
def test_an_account_of_another_kind_never_becomes_a_security_admin(light: IdpDeps, kind: Any) -> None:
    values: dict[str, Any] = {"kind": kind, "uscc": "91445100MA7CHAN008" if kind == "enterprise" else None}
    with pytest.raises(Refusal, match="account_unsuitable"):
        add_account(light, "climber", **values, totp_secret=TOTP_SECRET, roles=("security_admin",))
    account = add_account(light, "climber", **values, totp_secret=TOTP_SECRET)
    with pytest.raises(Refusal, match="role_unsuitable"):
        proposals.ask(light, CHEN, "give_role", account.id, role="security_admin", reason="要")


@pytest.mark.parametrize("role", ["clerk", "auditor", "department_admin", "root"])
def test_a_citizen_never_gets_any_role(light: IdpDeps, role: str) -> None:
    account = add_account(light)
    with pytest.raises(Refusal, match="role_unsuitable"):
        proposals.ask(light, CHEN, "give_role", account.id, role=role, reason="要")


def test_a_directorys_groups_give_no_more_than_policies_let_them(light: IdpDeps) -> None:
    groups = {"cn=admins": ("security_admin", "auditor", "clerk", "root")}
    settings = DirectorySettings("scjg", MARKET, "潮州市某局", groups)
    entry = StaffEntry("entry-1", "cn=lin", "lin", "林", groups=("cn=admins",))
    found = people.judge(light, settings, entry, None, light.clock.now())
    assert found.person is not None
    assert found.person.roles == ("clerk",)


def test_a_directorys_people_get_no_roles_beside_it(light: IdpDeps) -> None:
    account = add_account(light, "lin@scjg", kind="staff", totp_secret=TOTP_SECRET)
    guarded = replace(light, directories={"scjg": None})  # type: ignore[dict-item]  # only its name is looked at
    with pytest.raises(Refusal, match="role_unsuitable"):
        proposals.ask(guarded, CHEN, "give_role", account.id, role="clerk", reason="要")


def test_what_is_posted_to_ones_own_account_changes_no_role(provider: Provider) -> None:
    browser = provider.browser()
    browser.log_in()
    extra = {"roles": "security_admin", "role": "security_admin", "kind": "security_admin", "organization": "潮州市某局"}
    posting = [
        rule.rule
        for rule in provider.app.url_map.iter_rules()
        if rule.rule.startswith(("/account", "/register")) and "POST" in (rule.methods or ()) and "<" not in rule.rule
    ]
    posting.sort(key=lambda path: "end" in path or "clos" in path)  # what logs out comes last
    assert posting
    page = browser.get("/account")
    for path in posting:
        assert browser.post(path, page, **extra).status_code != HTTPStatus.FORBIDDEN or "end" in path, path
    account = accounts.get_by_username(provider.deps, "chenxiaochao")
    assert (account.roles, account.kind, account.organization) == ((), "citizen", None)


def test_no_confined_role_gives_roles_or_decides(light: IdpDeps) -> None:
    policies = light.policies.roles
    for name, role in policies.roles.items():
        may = {each for each in ("accounts.roles", "approvals.decide") if permits(policies, (name,), each)}
        assert not may or (name == "security_admin" and not role.confined)
    assert find_reach(policies, ("department_admin",), "accounts.read") == "department"
    assert find_reach(policies, ("department_admin", "clerk"), "accounts.read") == "node"
    assert find_reach(policies, ("root", ""), "accounts.read") is None
