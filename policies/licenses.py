"""Decides which licence types exist, and who issues and takes them for which area.

Left to others: the rows of an application and the words of a refusal (``licenses.applications``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from kernel.nodes import area_contains, is_area_code
from policies.life_models import ActName, ActRules, Reason
from policies.models import LicensePolicies, LicenseType

MayIssue = Literal["ok", "not_its_type", "not_its_area"]


def find_type(policies: LicensePolicies, code: str) -> LicenseType | None:
    """Return the licence type with this 21-character code, or None."""
    return next((kind for kind in policies.types if kind.code == code), None)


def may_take(policies: LicensePolicies, node_code: str, area_code: str) -> bool:
    """Tell whether the node takes files for this area: its own, and where the document says so the areas below it."""
    if policies.issuing.node_areas == "own":
        return node_code == area_code
    return area_contains(node_code, area_code)


def may_issue(department_area: str, department_types: Collection[str], type_code: str, area_code: str) -> MayIssue:
    """Tell whether a department may issue this type for this area: a type it is registered for, its own area and no other."""
    if type_code not in department_types:
        return "not_its_type"
    if area_code != department_area or not is_area_code(area_code):
        return "not_its_area"
    return "ok"


def find_act(policies: LicensePolicies, name: ActName) -> ActRules | None:
    """Return the rules of an act, None where it is not done here."""
    return policies.acts.get(name)


def find_reason(rules: ActRules, code: str) -> Reason | None:
    """Return the reason with this code, None when the act does not have it."""
    return next((reason for reason in rules.reasons if reason.code == code), None)
