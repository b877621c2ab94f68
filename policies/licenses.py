"""Decides which licence types exist, and who issues and takes them for which area.

Left to others: the rows of an application and the words of a refusal (``licenses.applications``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from kernel.nodes import area_contains, area_level, is_area_code
from policies.life_models import ActName, ActRules, Reason
from policies.models import LicensePolicies, LicenseType
from policies.wallet_models import LegalBasis

MayIssue = Literal["ok", "not_its_type", "not_its_area", "not_its_level"]


def find_type(policies: LicensePolicies, code: str, version: int | None = None) -> LicenseType | None:
    """Return the licence type with this 21-character code in this version, the latest if none is said; None where there is none."""
    found = [kind for kind in policies.types if kind.code == code and version in {None, kind.version}]
    return max(found, key=lambda kind: kind.version, default=None)


def latest_types(policies: LicensePolicies) -> Sequence[LicenseType]:
    """Return every licence type in its latest version, in the order of the documents."""
    return [kind for kind in policies.types if kind is find_type(policies, kind.code)]


def may_take(policies: LicensePolicies, node_code: str, area_code: str) -> bool:
    """Tell whether the node takes files for this area: its own, and where the document says so the areas below it."""
    if policies.issuing.node_areas == "own":
        return node_code == area_code
    return area_contains(node_code, area_code)


def may_issue(uscc: str, department_area: str, department_types: Collection[str], kind: LicenseType, area_code: str) -> MayIssue:
    """Tell whether a department may issue this type for this area: a type it is registered for, its own area and no other."""
    if kind.code not in department_types or (kind.issuers and uscc not in kind.issuers):
        return "not_its_type"
    if area_code != department_area or not is_area_code(area_code):
        return "not_its_area"
    if kind.area_levels and area_level(area_code) not in kind.area_levels:
        return "not_its_level"
    return "ok"


def find_legal_basis(policies: LicensePolicies, department: str, type_code: str) -> LegalBasis | None:
    """Return by which law a department fetches licences of a type without asking their holders; None where it must ask."""
    return next((one for one in policies.legal_bases if one.department == department and type_code in one.types), None)


def find_act(policies: LicensePolicies, name: ActName) -> ActRules | None:
    """Return the rules of an act, None where it is not done here."""
    return policies.acts.get(name)


def find_reason(rules: ActRules, code: str) -> Reason | None:
    """Return the reason with this code, None when the act does not have it."""
    return next((reason for reason in rules.reasons if reason.code == code), None)
