"""“That was not me”: the link in a notice ends all that the account has open, recoveries too, without a login, and opens a case for staff.

A case for each notice says that its link was used.
Left to others: recovering the account, closing the case (staff).
"""

from __future__ import annotations

import hmac
from datetime import timedelta

from idp.notices import delivery
from idp.notices.errors import NOT_ME_OVER
from idp.notices.links import proof
from idp.notices.telling import tell
from idp.ports import IdpDeps
from idp.records import Case
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token

_GOOD_FOR = timedelta(days=30)


def report(deps: IdpDeps, notice_id: str, shown: str) -> None:
    """End every session and token of the account and open a case; ``Refusal`` when the link is none of ours, old or used."""
    if not hmac.compare_digest(proof(deps, notice_id).encode(), shown.encode("utf-8", "replace")):
        raise Refusal(NOT_ME_OVER)
    now = deps.clock.now()
    with deps.work.begin() as work:
        notice = work.records.find_notice(notice_id)
        if notice is None or now - notice.at >= _GOOD_FOR:
            raise Refusal(NOT_ME_OVER)
        case = Case(token(12), notice.account_id, now, notice_id=notice.id)
        if not work.records.add_case(case):
            raise Refusal(NOT_ME_OVER)
        ended = work.records.end_sessions(notice.account_id, now)
        work.records.cancel_recoveries(notice.account_id)
        who = f"account:{notice.account_id}"
        details: dict[str, Json] = {"case": case.id, "notice": notice.id, "what": notice.what, "sessions": ended}
        work.audit.record(AuditEvent(now, who, "idp.report_not_me", who, details=details))
        tell(work, deps, notice.account_id, "not_me", now)
    delivery.deliver_soon(deps, notice.account_id)
