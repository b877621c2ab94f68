"""Decides how surely somebody is known: levels reached by authenticators, who needs a second one, which passwords will do.

Left to others: carrying authenticators out, counting failures and keeping sessions (``idp``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal

from policies.assurance_models import AssuranceLevel, RealNameLevel
from policies.common_passwords import is_common
from policies.models import AssurancePolicies
from policies.role_models import AccountKind

PasswordFault = Literal["too_short", "too_long", "blocked"]


def find_level(policies: AssurancePolicies, acr: str) -> AssuranceLevel | None:
    """Return the level whose ``acr`` value this is, or None."""
    for level in policies.levels:
        if level.acr == acr:
            return level
    return None


def get_level(policies: AssurancePolicies, acr: str) -> AssuranceLevel:
    """Return the level whose ``acr`` value this is; ``LookupError`` when no document knows it."""
    level = find_level(policies, acr)
    if level is None:
        message = f"no assurance level has the acr {acr!r}"
        raise LookupError(message)
    return level


def level_reached(policies: AssurancePolicies, amr: frozenset[str]) -> AssuranceLevel | None:
    """Return the highest level that the authentication methods ``amr`` (RFC 8176) reach, or None."""
    reached = [level for level in policies.levels if any(amr.issuperset(needed) for needed in level.combinations)]
    return max(reached, key=lambda level: level.rank, default=None)


def registered_level(policies: AssurancePolicies, acr: str | None) -> AssuranceLevel:
    """Return the level that every login for a system must reach: the one registered for it, else the documents' own, never just the lowest."""
    return get_level(policies, acr or policies.default_acr)


def find_real_name_level(policies: AssurancePolicies, number: int) -> RealNameLevel | None:
    """Return the real-name level of this number, or None."""
    return next((level for level in policies.real_name_levels if level.number == number), None)


def needs_second_factor(policies: AssurancePolicies, kind: AccountKind) -> bool:
    """Tell whether accounts of this kind may not log in by password alone."""
    return kind in policies.second_factor


def least_rank(policies: AssurancePolicies, kind: AccountKind) -> int:
    """Return the rank that an account of this kind must always be able to reach: for some it takes more than a password."""
    alone = {"pwd"} if needs_second_factor(policies, kind) else set[str]()
    enough = [level.rank for level in policies.levels if not any(alone >= set(needed) for needed in level.combinations)]
    return min(enough, default=0)


def find_password_fault(
    policies: AssurancePolicies,
    password: str,
    has_second_factor: bool,  # noqa: FBT001 - a fact about the account
    names: Iterable[str] = (),
) -> PasswordFault | None:
    """Return why a new password will not do, or None. Lengths count code points of its NFC form (SP 800-63B-4 3.1.1.2).

    ``names`` are those of its owner and of the place, which nobody's password may be made of.
    """
    rules = policies.password
    text = unicodedata.normalize("NFC", password)
    if len(text) < (rules.min_length if has_second_factor else rules.min_length_alone):
        return "too_short"
    if len(text) > rules.max_length:
        return "too_long"
    return "blocked" if is_common(text, (*rules.blocked, *names)) else None
