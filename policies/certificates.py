"""Decides about certificates: which profile, which policy OID, which levels are enough.

Left to others: making certificates (``pki``) and mapping one node's OIDs to another's (``crosscert.constraints``).
"""

from __future__ import annotations

from kernel.errors import Misuse
from kernel.nodes import is_area_code
from policies.errors import UNKNOWN_LEVEL, UNKNOWN_PROFILE
from policies.models import CertificateLevel, CertificatePolicies, Profile


def get_profile(policies: CertificatePolicies, name: str) -> Profile:
    """Return the profile called ``name``; ``Misuse`` when there is none."""
    profile = policies.profiles.get(name)
    if profile is None:
        raise Misuse(UNKNOWN_PROFILE, field="profile", name=name, known=", ".join(policies.profiles))
    return profile


def get_level(policies: CertificatePolicies, name: str) -> CertificateLevel:
    """Return the level called ``name``; ``Misuse`` when there is none."""
    level = policies.levels.get(name)
    if level is None:
        raise Misuse(UNKNOWN_LEVEL, field="level", name=name, known=", ".join(policies.levels))
    return level


def levels_at_least(policies: CertificatePolicies, name: str) -> tuple[str, ...]:
    """Return the names of the levels that are as strong as ``name`` or stronger, the weakest first."""
    least = get_level(policies, name).number
    enough = sorted((level.number, found) for found, level in policies.levels.items() if level.number >= least)
    return tuple(found for _, found in enough)


def policy_oid(policies: CertificatePolicies, area_code: str, level_name: str) -> str:
    """Return the OID by which the node ``area_code`` says that a certificate has this level."""
    return f"{_domain(policies, area_code)}.{get_level(policies, level_name).number}"


def tsa_policy_oid(policies: CertificatePolicies, area_code: str) -> str:
    """Return the OID of the policy under which the node ``area_code`` gives time-stamps."""
    return f"{_domain(policies, area_code)}.{policies.time_stamps.policy_number}"


def _domain(policies: CertificatePolicies, area_code: str) -> str:
    if not is_area_code(area_code):
        message = f"{area_code!r} is no GB/T 2260 code"
        raise ValueError(message)
    return f"{policies.arc}.{area_code}"
