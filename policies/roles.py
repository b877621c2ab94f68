"""Decides what an administrator may do, and what directories may say of staff. Left to others: who has which role (``idp``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from policies.assurance_models import DirectoryRules
from policies.role_models import AccountKind, Act, RolePolicies

Reach: TypeAlias = Literal["node", "department"]
"""How far a permission reaches: over all that the node has, or over the department of whoever has the role."""


def permits(policies: RolePolicies, roles: Iterable[str], permission: str) -> bool:
    """Tell whether one of ``roles`` grants ``permission``, were it only within a department."""
    return find_reach(policies, roles, permission) is not None


def find_reach(policies: RolePolicies, roles: Iterable[str], permission: str) -> Reach | None:
    """Return how far ``permission`` reaches by these roles; None where none grants it. A role that no document knows grants nothing."""
    known = (policies.roles[role] for role in roles if role in policies.roles)
    granting = [role for role in known if permission in role.permissions]
    if not granting:
        return None
    return "department" if all(role.confined for role in granting) else "node"


def may_have(policies: RolePolicies, role: str, kind: AccountKind) -> bool:
    """Tell whether an account of this kind may have a role."""
    return role in policies.roles and kind in policies.roles[role].kinds


def needs_two(policies: RolePolicies, act: Act) -> bool:
    """Tell whether what one admin asks for waits for another one's yes."""
    return act in policies.two_admins.acts


def from_directory(rules: DirectoryRules, roles: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``roles`` that a department's directory may give, in order."""
    return tuple(sorted(set(roles) & set(rules.roles)))


def may_vanish(rules: DirectoryRules, vanished: int, of: int) -> bool:
    """Tell whether so many people may be gone from a directory at once without anybody looking."""
    return vanished <= rules.vanished_always or 100 * vanished <= rules.vanished_percent * of
