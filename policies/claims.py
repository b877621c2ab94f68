"""Decides which scopes a department may ask for, which claims it then gets, and whether the person is asked first.

Departments are named by their USCC. Left to others: asking (``idp``) and the claims' values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policies.claim_models import ClaimPolicies, ConsentRule, Release

ALWAYS_ASKED = "offline_access"
"""The scope that is never had without asking (Core 11)."""

OF_SYSTEMS = frozenset({"mandates", "ssf.manage", "licenses.read", "licenses.issue", "licenses.change", "licenses.fetch"})
"""Scopes that a system may have on its own behalf: no person's login gives them."""

NO_POWERS = OF_SYSTEMS | {"openid", ALWAYS_ASKED}
"""Scopes of a person's own login, and of a system on its own behalf: no mandate gives them."""


def release_for(policies: ClaimPolicies, uscc: str) -> Release:
    """Return what the department may learn: its own entry, else the default."""
    return policies.departments.get(uscc, policies.default)


def allowed_scopes(policies: ClaimPolicies, uscc: str, requested: Iterable[str]) -> tuple[str, ...]:
    """Return the requested scopes that exist and that the department may ask for, in the order of asking, each once."""
    given = given_to(policies, uscc)
    return tuple(scope for scope in dict.fromkeys(requested) if scope in given)


def released_claims(policies: ClaimPolicies, uscc: str, scopes: Iterable[str]) -> frozenset[str]:
    """Return the claims to release for ``scopes``: what an allowed scope asks for and the department may have."""
    given = given_to(policies, uscc)
    return frozenset().union(*(given[scope] for scope in scopes if scope in given))


def consent_rule(policies: ClaimPolicies, uscc: str, scope: str) -> ConsentRule:
    """Return how often people are asked before the department gets what a scope asks for: its own rule, else the scope's."""
    return release_for(policies, uscc).consent.get(scope, policies.scopes[scope].consent)


def given_to(policies: ClaimPolicies, uscc: str) -> Mapping[str, frozenset[str]]:
    """Return the scopes that the department may ask for, and the claims that each of them gives it."""
    return policies.given.get(uscc, policies.given[None])
