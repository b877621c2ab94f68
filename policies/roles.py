"""Decides what an administrator may do. Left to others: who has which role (``idp``) and asking before every act."""

from __future__ import annotations

from collections.abc import Iterable

from policies.models import RolePolicies


def permits(policies: RolePolicies, roles: Iterable[str], permission: str) -> bool:
    """Tell whether one of ``roles`` grants ``permission``. A role that no document knows grants nothing."""
    known = (policies.roles[role] for role in roles if role in policies.roles)
    return any(permission in role.permissions for role in known)
