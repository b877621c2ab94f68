"""How far a visitor's permission reaches: over the whole node, or over their own department and no further.

An organisation's department is the one that is registered under exactly its name. Left to others: which roles are confined
(``policies.roles``), who gets in at all (``access``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from admin_ui.ports import AdminVisitor
from idp.administration.admins import Admin, official
from idp.ports import IdpDeps
from idp.records import AccountRecord
from licenses.ports import LicenseDeps
from policies.models import Policies
from policies.roles import find_reach


def departments_of(deps: LicenseDeps, visitor: AdminVisitor, permission: str) -> tuple[str, ...] | None:
    """Return the codes of the departments that a permission reaches; None: all of them."""
    if find_reach(deps.policies.roles, visitor.roles, permission) == "node":
        return None
    if not visitor.organization:
        return ()
    with deps.work.look() as work:
        return tuple(one.uscc for one in work.records.departments() if one.name == visitor.organization)


def admin_of(policies: Policies, visitor: AdminVisitor, permission: str) -> Admin:
    """Return a visitor as whoever acts upon people's accounts."""
    reach = find_reach(policies.roles, visitor.roles, permission)
    within = None if reach == "node" else visitor.organization or ""
    return official(visitor.account_id, visitor.username, within=within)


def list_staff(deps: IdpDeps, admin: Admin, *, after: str, limit: int) -> Sequence[AccountRecord]:
    """Return the staff of the organisation that an admin is confined to; none for who is not: they know whom they look for."""
    if not admin.within:
        return ()
    with deps.work.read() as work:
        return work.records.staff(organization=admin.within, after=after, limit=limit)


def list_holders(deps: IdpDeps, roles: Collection[str]) -> dict[str, Sequence[AccountRecord]]:
    """Return who has each of these roles."""
    with deps.work.read() as work:
        holders = work.records.accounts_with_roles()
    return {role: [one for one in holders if role in one.roles] for role in roles}
