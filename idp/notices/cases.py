"""Cases: somebody reports a login by its code, staff see exactly that login or notice, decide, and the case is closed.

A report ends nothing by itself: whoever holds a code need not be who it harms. Confirming it ends all that the account has open.
Left to others: the owner's own link (``not_me``), pages (views, the console).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from idp.browsers.sessions import Device, open_device
from idp.errors import ACT_ON_ONESELF
from idp.notices.delivery import deliver_soon
from idp.notices.errors import CASE_DECIDED, CASE_OPEN, CASE_UNKNOWN, REPORTS_THROTTLED
from idp.notices.telling import Told, read, tell
from idp.owed_events import owe
from idp.people import throttle
from idp.people.accounts import open_record
from idp.ports import IdpDeps
from idp.records import Account, Case, Decision, Login
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.text import find_unwanted_character, normal_form

MAX_WORDS = 500
_DECISIONS: dict[str, Decision] = {"confirmed": "confirmed", "unfounded": "unfounded"}
_REPORTS = 10
_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A case with exactly what it is about: a login and where it was, or a notice. ``account`` None: it was removed."""

    case: Case
    account: Account | None
    login: Login | None = None
    device: Device | None = None
    notice: Told | None = None
    words: str = field(default="", repr=False)


def report(deps: IdpDeps, device: Device, *, code: str, words: str) -> None:
    """Report a login; the answer is the same for a code that is nobody's. ``Refusal(reports_throttled)`` after too many."""
    now = deps.clock.now()
    typed = "".join(code.replace("-", "").split()).upper()[:20]
    key = ("report", deps.vault.digest(throttle.subscriber(device.address), "idp.report"))
    with deps.work.begin() as work:
        if not work.records.take_try(key, now=now, window_seconds=int(_WINDOW.total_seconds()), limit=_REPORTS):
            raise Refusal(REPORTS_THROTTLED, minutes=int(_WINDOW.total_seconds()) // 60)
        login = work.records.find_login(typed)
        if login is None:
            return
        case_id = token(12)
        sealed = deps.vault.encrypt(_clean(words), _context(case_id))
        case = Case(case_id, login.account_id, now, login_code=login.code, words=sealed)
        if work.records.add_case(case):
            details: dict[str, Json] = {"case": case.id, "login": login.code}
            target = f"account:{login.account_id}"
            work.audit.record(AuditEvent(now, "system", "idp.report_login", target, details=details))


def listed(deps: IdpDeps, *, decided: bool) -> Sequence[Case]:
    """Return cases that are decided or not, newest first."""
    with deps.work.read() as work:
        return work.records.cases(decided=decided)


def show(deps: IdpDeps, case_id: str, *, actor: str) -> Shown:
    """Return a case with what it is about; that somebody looked at it is written down. ``Refusal(case_unknown)``."""
    with deps.work.begin() as work:
        case = work.records.find_case(case_id)
        if case is None:
            raise Refusal(CASE_UNKNOWN)
        record = work.records.find_account(case.account_id)
        login = None if case.login_code is None else work.records.find_login(case.login_code)
        notice = None if case.notice_id is None else work.records.find_notice(case.notice_id)
        details = {"case": case.id}
        event = AuditEvent(deps.clock.now(), actor, "idp.read_case", f"account:{case.account_id}", details=details)
        work.audit.record(event)
    return Shown(
        case=case,
        account=None if record is None else open_record(deps, record),
        login=login,
        device=None if login is None else open_device(deps, login.session_id, login.device),
        notice=None if notice is None else Told(notice.at, read(deps, notice)),
        words=deps.vault.decrypt(case.words, _context(case.id)) if case.words else "",
    )


def decide(deps: IdpDeps, case_id: str, decision: str, *, actor: str) -> None:
    """Decide a case once, never one's own; confirmed, all that the account has open ends and its owner is told. ``Refusal`` otherwise."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        case = work.records.find_case(case_id)
        if case is None or decision not in _DECISIONS:
            raise Refusal(CASE_UNKNOWN)
        if actor == f"account:{case.account_id}":
            raise Refusal(ACT_ON_ONESELF)
        if not work.records.decide_case(case_id, _DECISIONS[decision], actor, now):
            raise Refusal(CASE_DECIDED)
        details: dict[str, Json] = {"case": case_id, "decision": decision}
        if decision == "confirmed":
            details["sessions"] = work.records.end_sessions(case.account_id, now)
            work.records.cancel_recoveries(case.account_id)
            owe(work, case.account_id, "credential-compromise", now)
            tell(work, deps, case.account_id, "case_confirmed", now)
        work.audit.record(AuditEvent(now, actor, "idp.decide_case", f"account:{case.account_id}", details=details))
    deliver_soon(deps, case.account_id)


def reopen(deps: IdpDeps, case_id: str, *, actor: str) -> None:
    """Take the decision of a case back, never of one's own: what it ended stays ended, and the case waits again. ``Refusal`` otherwise."""
    with deps.work.begin() as work:
        case = work.records.find_case(case_id)
        if case is None:
            raise Refusal(CASE_UNKNOWN)
        if actor == f"account:{case.account_id}":
            raise Refusal(ACT_ON_ONESELF)
        if not work.records.reopen_case(case_id):
            raise Refusal(CASE_OPEN)
        details: dict[str, Json] = {"case": case_id, "decision": case.decision}
        event = AuditEvent(deps.clock.now(), actor, "idp.reopen_case", f"account:{case.account_id}", details=details)
        work.audit.record(event)


def _clean(words: str) -> str:
    shown = "".join(one for one in normal_form(words) if one == "\n" or not find_unwanted_character(one))
    return shown[:MAX_WORDS]


def _context(case_id: str) -> str:
    return f"idp.case:{case_id}"
