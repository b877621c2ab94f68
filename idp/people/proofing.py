"""The evidence behind a real-name level: written down in the transaction that gives the level, so that none is told without it.

Left to others: proofing itself (a service window, a register), what is told of it (``claims.verified``).
"""

from __future__ import annotations

from idp.ports import IdpDeps
from idp.records import Account, Verification
from kernel.randomness import token
from policies import assurance
from policies.assurance_models import RealNameLevel


def find_method(level: RealNameLevel, named: str | None) -> str | None:
    """Return the method that reached a level: the one named, or the only one there is; None where that leaves it open."""
    if named is None:
        return level.methods[0] if len(level.methods) == 1 else None
    return named if named in level.methods else None


def evidence(deps: IdpDeps, account: Account, named: str | None, *, actor: str) -> Verification:
    """Return the record of how ``account`` comes by its level; ``LookupError`` for a method that does not reach it."""
    policies = deps.policies.assurance
    level = assurance.find_real_name_level(policies, account.real_name_level)
    method = None if level is None else find_method(level, named)
    if method is None:
        message = f"no method reaches level {account.real_name_level}"
        raise LookupError(message)
    return Verification(
        id=token(16),
        account_id=account.id,
        level=account.real_name_level,
        method=method,
        claims=policies.proofing[method].claims,
        verified_at=deps.clock.now(),
        actor=actor,
    )
