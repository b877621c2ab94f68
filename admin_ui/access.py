"""Who may see a page of the console: a role with the page's permission, and a login with a second factor.

Left to others: what a role may do and how strong a login is (``policies``), sending strangers to the login (``views``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from admin_ui.errors import ADMIN_ROLE_NEEDED, FRESHER_LOGIN_NEEDED, STRONGER_LOGIN_NEEDED
from admin_ui.ports import AdminVisitor
from kernel.errors import Refusal, Text
from policies.assurance import find_level
from policies.models import Policies
from policies.role_models import RolePolicies
from policies.roles import permits

SECOND_FACTOR_RANK = 2
"""The rank of the assurance level that the console wants: urn:chaoxin:aal:2 and above."""


_GIVING = "accounts.roles"


def name_roles(roles: RolePolicies, permissions: Collection[str]) -> Text:
    """Return what the roles are called that grant any of ``permissions``."""
    granting = [role for role in roles.roles.values() if not set(permissions).isdisjoint(role.permissions)]
    return Text(
        "或".join(role.zh for role in granting) or "（策略里没有）", " or ".join(role.en for role in granting) or "(none has it)"
    )


def verify_access(policies: Policies, visitor: AdminVisitor, *permissions: str) -> AdminVisitor:
    """Return ``visitor`` if they may do what any of ``permissions`` names here; ``Refusal`` says what they lack."""
    if not any(permits(policies.roles, visitor.roles, each) for each in permissions):
        needed, givers = name_roles(policies.roles, permissions), name_roles(policies.roles, [_GIVING])
        named = {"roles_zh": needed.zh, "roles_en": needed.en, "givers_zh": givers.zh, "givers_en": givers.en}
        raise Refusal(ADMIN_ROLE_NEEDED, **named)
    level = find_level(policies.assurance, visitor.acr)
    if level is None or level.rank < SECOND_FACTOR_RANK:
        raise Refusal(STRONGER_LOGIN_NEEDED)
    return visitor


def verify_fresh(policies: Policies, visitor: AdminVisitor, at: datetime) -> AdminVisitor:
    """Return ``visitor`` if their login is recent enough for what cannot be taken back; ``Refusal`` otherwise."""
    seconds = policies.assurance.change_within_seconds
    if at >= visitor.auth_time + timedelta(seconds=seconds):
        raise Refusal(FRESHER_LOGIN_NEEDED, minutes=seconds // 60)
    return visitor
