"""Asking for claims with the evidence behind them: ``verified_claims`` in the ``claims`` parameter (OpenID Identity Assurance 1.0, 6).

What is asked is a tree: null asks for a value, ``value``, ``values``, ``max_age`` and ``essential`` say which will do, objects and lists
go deeper. Left to others: the parameter around it (``parameter``), what is told (``verified``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from idp.oauth_errors import CLAIMS_PARAMETER
from kernel.errors import Refusal

MEMBER = "verified_claims"
CONSTRAINTS = frozenset({"value", "values", "max_age", "essential"})
_MAX_SETS = 10
_MAX_NODES = 300
_MAX_DEPTH = 8
IGNORED = "purpose"
"""Words for the person, of earlier drafts."""

_LARGEST = 2**53  # what JSON carries exactly


def parse(member: object) -> tuple[Mapping[str, Any], ...]:
    """Return the sets that are asked for; ``Refusal(oauth_claims_parameter)`` for what the specification does not describe."""
    if member is None:
        return ()
    sets: list[Any] = member if isinstance(member, list) else [member]
    if not 1 <= len(sets) <= _MAX_SETS:
        _refuse("how many")
    for one in sets:
        if not isinstance(one, dict) or not isinstance(one.get("verification"), Mapping):
            _refuse("verification")
        if not isinstance(one.get("claims"), Mapping) or not one["claims"]:
            _refuse("claims")
    if sum(_check(one, 0) for one in sets) > _MAX_NODES:
        _refuse("too much of it")
    return tuple({name: one[name] for name in ("verification", "claims")} for one in sets)


def is_constraint(node: Mapping[str, Any]) -> bool:
    """Tell whether an object says which values will do, and is not one that goes deeper."""
    return bool(CONSTRAINTS & node.keys())


def _check(node: object, depth: int) -> int:
    """Return how many nodes hang here, all of them well formed."""
    if node is None:
        return 1
    if depth > _MAX_DEPTH or not isinstance(node, Mapping | list):
        _refuse("a member")
    if node == []:
        _refuse("an empty list")
    if isinstance(node, list):
        return 1 + sum(_check(one, depth + 1) for one in node)
    if is_constraint(node):
        _check_constraint(node)
        return 1
    return 1 + sum(_check(one, depth + 1) for name, one in node.items() if name != IGNORED)


def _check_constraint(node: Mapping[str, Any]) -> None:
    values = node.get("values", [])
    max_age = node.get("max_age", 0)
    if not isinstance(values, list) or not all(_is_plain(one) for one in [*values, node.get("value", "")]):
        _refuse("values")
    if not isinstance(max_age, int) or isinstance(max_age, bool) or not 0 <= max_age <= _LARGEST:
        _refuse("max_age")
    if not isinstance(node.get("essential", False), bool):
        _refuse("essential")


def _is_plain(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, int | float) and abs(value) <= _LARGEST)


def _refuse(problem: str) -> NoReturn:
    raise Refusal(CLAIMS_PARAMETER, field="claims", problem=f"{MEMBER}, {problem}")
