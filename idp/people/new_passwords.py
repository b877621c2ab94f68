"""Whether a new password will do, asked before it is hashed.

Left to others: the rules (``policies.assurance``), which passwords are common (``policies.common_passwords``), hashing (``passwords``).
"""

from __future__ import annotations

from collections.abc import Iterable

from idp.errors import PASSWORD_UNSUITABLE
from idp.ports import IdpDeps
from kernel.errors import Refusal
from policies import assurance

_FAULTS = {
    "too_short": ("太短", "too short"),
    "too_long": ("太长", "too long"),
    "blocked": ("太常见，或者是本人、本地的名称", "too common, or a name of yours or of the place"),
}


def check(deps: IdpDeps, password: str, *, has_second_factor: bool, about: Iterable[str | None]) -> None:
    """Refuse a new password that policies don't allow, or that is one of the names by which its owner is known (``about``)."""
    known = [deps.node.name, *(value for value in about if value)]
    fault = assurance.find_password_fault(deps.policies.assurance, password, has_second_factor, known)
    if fault is not None:
        problem_zh, problem_en = _FAULTS[fault]
        raise Refusal(PASSWORD_UNSUITABLE, field="password", problem_zh=problem_zh, problem_en=problem_en)


def is_long_enough_alone(deps: IdpDeps, password: str) -> bool:
    """Tell whether a password that was checked may be an account's only factor."""
    return assurance.find_password_fault(deps.policies.assurance, password, has_second_factor=False) is None
