"""Opening an account at the window: by one clerk, or where policies want two officers, approved by another one.

Until then it is disabled and on its way to be erased (``privacy.closing``): of what nobody approves nothing is left.
Left to others: what is seen and given (``citizens.opening``), deciding (``proposals``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from idp.administration import proposals
from idp.administration.acts import Deed
from idp.administration.admins import Admin
from idp.citizens import opening
from idp.citizens.window import Seen
from idp.ports import IdpDeps
from idp.records import Closing
from policies.roles import needs_two

_REASON = "窗口新开账号 new account at the window"


@dataclass(frozen=True, slots=True)
class Opened:
    """An account that was opened. ``code`` None: another officer must approve it, and hands the code over then."""

    username: str
    code: str | None = field(repr=False)


def open_account(deps: IdpDeps, clerk: Admin, seen: Seen) -> Opened:
    """Open an account for whoever stands before ``clerk`` with the document that was ``seen``."""
    now, rules = deps.clock.now(), deps.policies.roles
    with deps.work.begin() as work:
        record = opening.store(work, deps, seen, clerk=clerk.account_id or "", now=now)
        deed = Deed("open_account", record, seen.document, {"proposed_by": clerk.actor})
        if not needs_two(rules, deed.act):
            handed = deed.do(deps, work, actor=clerk.actor)
            return Opened(record.username, None if handed is None else handed.value)
        work.records.set_disabled(record.id, now)
        work.records.add_closing(Closing(record.id, now, now + timedelta(seconds=rules.two_admins.valid_seconds)))
        proposals.propose(deps, work, clerk, deed, _REASON)
    return Opened(record.username, None)
