"""Decides what an administrator may do, and what directories may say of staff. Left to others: who has which role (``idp``)."""

from __future__ import annotations

from collections.abc import Iterable

from policies.assurance_models import DirectoryRules
from policies.models import RolePolicies


def permits(policies: RolePolicies, roles: Iterable[str], permission: str) -> bool:
    """Tell whether one of ``roles`` grants ``permission``. A role that no document knows grants nothing."""
    known = (policies.roles[role] for role in roles if role in policies.roles)
    return any(permission in role.permissions for role in known)


def from_directory(rules: DirectoryRules, roles: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``roles`` that a department's directory may give, in order."""
    return tuple(sorted(set(roles) & set(rules.roles)))


def may_vanish(rules: DirectoryRules, vanished: int, of: int) -> bool:
    """Tell whether so many people may be gone from a directory at once without anybody looking."""
    return vanished <= rules.vanished_always or 100 * vanished <= rules.vanished_percent * of
