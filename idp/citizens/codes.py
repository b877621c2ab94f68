"""The code that a citizen shows at a service window, so that the clerk finds their account and no other.

Left to others: what the clerk does with it (``window``).
"""

from __future__ import annotations

from datetime import timedelta

from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, WindowCode
from kernel.audit import AuditEvent
from kernel.randomness import digits

_DIGITS = 10
_GOOD_FOR = timedelta(minutes=30)
"""Long enough for a queue."""


def make(deps: IdpDeps, account: Account) -> str:
    """Return a new code; the account's earlier one is void."""
    code, now, who = digits(_DIGITS), deps.clock.now(), f"account:{account.id}"
    with deps.work.begin() as work:
        work.records.put_window_code(WindowCode(account.id, _digest(deps, code), now + _GOOD_FOR))
        work.audit.record(AuditEvent(now, who, "idp.make_window_code", who))
    return f"{code[:5]} {code[5:]}"


def find(work: IdpWork, deps: IdpDeps, typed: str) -> AccountRecord | None:
    """Return whose code was typed, while it counts."""
    return work.records.find_window_code(_digest(deps, "".join(typed.split())), deps.clock.now())


def _digest(deps: IdpDeps, code: str) -> bytes:
    return deps.vault.digest(code, "idp.window-code")
