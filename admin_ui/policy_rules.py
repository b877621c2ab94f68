"""What the policies of this node come to: who may do what, who learns what, which licences take two officers.

Left to others: the documents (``policies/defaults``, the node's own folder), deciding by them (``policies``), words and looks (``templates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.errors import Text
from policies.models import Policies


@dataclass(frozen=True, slots=True)
class RoleRules:
    """A role, and for each of the permissions that there are whether it has it."""

    name: Text
    has: Sequence[bool]


@dataclass(frozen=True, slots=True)
class DepartmentRules:
    """What one department's systems may ask for and learn; ``uscc`` None for all that have no entry of their own."""

    uscc: str | None
    scopes: Sequence[str]
    claims: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """The effect of all documents, as one page tells it. ``permissions`` head the columns of ``roles``."""

    permissions: Sequence[str]
    roles: Sequence[RoleRules]
    departments: Sequence[DepartmentRules]
    two_officers: Sequence[str]


def effect_of(policies: Policies) -> Rules:
    """Return what the policies come to."""
    roles = policies.roles.roles.values()
    permissions = sorted({each for role in roles for each in role.permissions})
    claims = policies.claims
    releases = [(None, claims.default), *sorted(claims.departments.items())]
    return Rules(
        permissions=permissions,
        roles=[RoleRules(Text(role.zh, role.en), [each in role.permissions for each in permissions]) for role in roles],
        departments=[DepartmentRules(uscc, sorted(each.scopes), sorted(each.claims)) for uscc, each in releases],
        two_officers=[name for name, rule in policies.licenses.acts.items() if rule.officers > 1],
    )
