"""How sure a login can be with the authenticators that an account has. Pure.

Left to others: which methods reach which level (``policies.assurance``), carrying a login out (``interaction``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from idp.authenticators import stored_certificate, stored_passkey
from idp.people import one_time_codes
from idp.records import Authenticator, AuthenticatorKind
from policies import assurance
from policies.models import AssurancePolicies

PASSWORD = "pwd"  # noqa: S105 - the amr value of RFC 8176

SECOND_FACTORS: frozenset[AuthenticatorKind] = frozenset({"totp", "recovery", "passkey"})
"""What can follow a password."""


def strongest_rank(policies: AssurancePolicies, authenticators: Iterable[Authenticator], at: datetime) -> int:
    """Return the rank of the highest level that can be reached by them; 0 when none can."""
    levels = (assurance.level_reached(policies, methods) for methods in _ways(tuple(authenticators), at))
    return max((level.rank for level in levels if level is not None), default=0)


def _ways(authenticators: tuple[Authenticator, ...], at: datetime) -> Iterator[frozenset[str]]:
    yield from (frozenset(one.methods) for one in stored_certificate.standing(authenticators, at))
    # Recovery codes are used up, so nothing is built on them.
    kinds = {one.kind for one in authenticators}
    for one in authenticators:
        if one.kind == "passkey":
            yield frozenset(stored_passkey.load(one).methods)
        elif one.kind == "password":
            if one.alone:
                yield frozenset({PASSWORD})
            if "totp" in kinds:
                yield frozenset({PASSWORD, one_time_codes.METHOD})
