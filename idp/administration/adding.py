"""Makes an account at an operator's word. Roles that take two admins wait for the second one, once there are any who could say yes.

Left to others: what an account may be (``people.accounts``), deciding (``proposals``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from idp.administration import proposals
from idp.administration.admins import Admin
from idp.people import accounts
from idp.people.accounts import NewAccount
from idp.ports import IdpDeps
from idp.records import Account, Proposal
from policies.roles import find_reach, needs_two

_REASON = "新建账号 new account"
_ENOUGH = 2


def add(deps: IdpDeps, admin: Admin, new: NewAccount) -> tuple[Account, Sequence[Proposal]]:
    """Create an account; return it and what of its roles waits for approval. A new node's first admins get theirs at once."""
    if not new.roles or not needs_two(deps.policies.roles, "give_role") or not _can_be_approved(deps):
        return accounts.create(deps, new, actor=admin.actor), ()
    accounts.check_person(deps, new)  # what no second admin could make good
    account = accounts.create(deps, replace(new, roles=()), actor=admin.actor)
    asked = (proposals.ask(deps, admin, "give_role", account.id, role=role, reason=_REASON) for role in new.roles)
    return account, [each for each in asked if each is not None]


def _can_be_approved(deps: IdpDeps) -> bool:
    with deps.work.read() as work:
        holders = work.records.accounts_with_roles()
    roles = deps.policies.roles
    able = [each for each in holders if each.disabled_at is None and find_reach(roles, each.roles, "approvals.decide") == "node"]
    return len(able) >= _ENOUGH
