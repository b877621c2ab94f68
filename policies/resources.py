"""Decides which scopes a department may ask for at another's interfaces (RFC 8707). What is not listed is refused.

Left to others: which interfaces there are (``idp.clients.resources``).
"""

from __future__ import annotations

from policies.claim_models import ClaimPolicies
from policies.claims import release_for


def scopes_at(policies: ClaimPolicies, uscc: str, owner: str) -> frozenset[str]:
    """Return the scopes that department ``uscc`` may ask for at interfaces of department ``owner``; at its own, all that it may have."""
    release = release_for(policies, uscc)
    return frozenset(release.scopes) if owner == uscc else frozenset(release.resources.get(owner, ()))
