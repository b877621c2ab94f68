"""Who may see a page of the console: a role with the page's permission, and a login with a second factor.

Left to others: what a role may do and how strong a login is (``policies``), sending strangers to the login (``views``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from admin_ui.errors import ADMIN_ROLE_NEEDED, FRESHER_LOGIN_NEEDED, STRONGER_LOGIN_NEEDED
from admin_ui.ports import AdminVisitor
from kernel.errors import Refusal
from policies.assurance import find_level
from policies.models import Policies
from policies.roles import permits

SECOND_FACTOR_RANK = 2
"""The rank of the assurance level that the console wants: urn:chaoxin:aal:2 and above."""


def verify_access(policies: Policies, visitor: AdminVisitor, *permissions: str) -> AdminVisitor:
    """Return ``visitor`` if they may do what any of ``permissions`` names here; ``Refusal`` says what they lack."""
    if not any(permits(policies.roles, visitor.roles, each) for each in permissions):
        raise Refusal(ADMIN_ROLE_NEEDED)
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
