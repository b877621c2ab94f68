"""Tells clients that a session has ended (OpenID Connect Back-Channel Logout 1.0, 2.5), until they have taken it.

1. What is owed stands in the database since the session ended, in the same transaction.
2. Each is claimed for a short time by one conditional statement, so that of several processes one sends it; killed then, it is due again.
3. The logout token is posted to the client's address: no redirects, one deadline, nothing read but the status.
4. Taken (2xx) or refused (400: the client says that the logout failed) settles it. Whatever else happens is tried again, ever more rarely.
5. What was refused, or not taken within a day, is an alarm: audit event, log, the console.

Left to others: the token (``logout_token``), ending sessions (``ending``), when this is done (at once, and by the worker).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

import structlog

from crosscert.federation.backoff import pause
from crosscert.federation.together import Together
from idp.clients.redirect_uris import origin_of
from idp.logout.logout_token import sign_logout_token
from idp.ports import IdpDeps
from idp.records import Client, LogoutDelivery
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import monotonic
from kernel.errors import Refusal
from kernel.randomness import fraction

RUN_SECONDS = 20.0
SEND_SECONDS = 5.0
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=2)
GIVEN_UP_AFTER = timedelta(hours=24)

_AT_ONCE = 500
_CLAIMED_FOR = timedelta(seconds=60)
_MAX_ANSWER_BYTES = 64 * 1024
_MAX_ERROR = 100
_FORM = "application/x-www-form-urlencoded"

_log = structlog.get_logger()


def deliver_due(deps: IdpDeps, account_id: str | None = None) -> Sequence[LogoutDelivery]:
    """Send what is due (of one account) and return how that went; clients at the same time, one client's logouts one by one."""
    with deps.work.read() as work:
        due = work.records.due_logouts(deps.clock.now(), limit=_AT_ONCE, account_id=account_id)
    owed: dict[str, list[LogoutDelivery]] = defaultdict(list)
    for each in due:
        owed[each.client_id].append(each)
    if not owed:
        return []
    end = monotonic() + RUN_SECONDS
    with Together(lambda client_id: _deliver_to(deps, client_id, owed[client_id], end), RUN_SECONDS) as run:
        run.begin(owed)
        return [sent for each in run.results().values() for sent in each]


def deliver_all_due(deps: IdpDeps) -> None:
    """Send all that is due, as far as a run's time goes."""
    end = monotonic() + RUN_SECONDS
    while len(deliver_due(deps)) == _AT_ONCE and monotonic() < end:
        pass


def retry(deps: IdpDeps, client_id: str, *, actor: str) -> int:
    """Try again now what a client was not told, given up or not; return how many logouts that are."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        number = work.records.retry_logouts(client_id, now)
        if number:
            details = {"logouts": number}
            work.audit.record(AuditEvent(now, actor, "idp.retry_logouts", f"client:{client_id}", details=details))
    deps.soon(lambda: deliver_due(deps))
    return number


def _deliver_to(deps: IdpDeps, client_id: str, owed: Sequence[LogoutDelivery], end: float) -> list[LogoutDelivery]:
    with deps.work.read() as work:
        client = work.records.find_client(client_id)
    done: list[LogoutDelivery] = []
    away: str | None = None  # whoever does not answer at all is asked once a run, not once for each logout
    for each in owed:
        if monotonic() >= end:
            break
        now = deps.clock.now()
        # 2. Nobody else sends it now.
        with deps.work.begin() as work:
            if not work.records.claim_logout(each, now=now, until=now + _CLAIMED_FOR):
                continue
        claimed = replace(each, tries=each.tries + 1, tried_at=now)
        # 3. Send it.
        after, away = _send(deps, client, claimed, away)
        done.append(after)
        # 4. and 5. What came of it.
        _note(deps, after)
    return done


def _send(deps: IdpDeps, client: Client | None, claimed: LogoutDelivery, away: str | None) -> tuple[LogoutDelivery, str | None]:
    """Return how sending went, and what is wrong when the client does not answer at all."""
    if client is None or client.disabled_at is not None or client.backchannel_logout_uri is None:
        return replace(claimed, outcome="no_address", next_try_at=None), None
    if away is not None:
        return _later(claimed, away, deps.clock.now()), away
    uri = client.backchannel_logout_uri
    form = urlencode({"logout_token": sign_logout_token(deps, client, claimed, now=deps.clock.now())}).encode()
    try:
        deps.fetch.post(uri, form, _FORM, below=origin_of(uri), max_bytes=_MAX_ANSWER_BYTES, timeout=SEND_SECONDS)
    except Refusal as refusal:
        error = str(refusal.details.get("problem", refusal.code))[:_MAX_ERROR]
        status = refusal.details.get("status")
        if status == HTTPStatus.BAD_REQUEST:
            return replace(claimed, outcome="refused", error=error, next_try_at=None), None
        return _later(claimed, error, deps.clock.now()), None if status else error
    return replace(claimed, outcome="delivered", error=None, next_try_at=None), None


def _later(claimed: LogoutDelivery, error: str, now: datetime) -> LogoutDelivery:
    if now - claimed.owed_at >= GIVEN_UP_AFTER:
        return replace(claimed, outcome="given_up", error=error, next_try_at=None)
    wait = pause(claimed.tries, first=FIRST_PAUSE, longest=LONGEST_PAUSE) * (0.5 + fraction() / 2)
    return replace(claimed, error=error, next_try_at=now + wait)


def _note(deps: IdpDeps, after: LogoutDelivery) -> None:
    target = f"client:{after.client_id}"
    details: dict[str, Json] = {"session": after.session_id, "tries": after.tries, "error": after.error}
    with deps.work.begin() as work:
        work.records.note_logout(after)
        if after.outcome == "delivered":
            work.audit.record(AuditEvent(deps.clock.now(), "system", "idp.tell_logout", target, details=details))
        elif after.outcome in {"refused", "given_up"}:
            event = AuditEvent(deps.clock.now(), "system", "idp.tell_logout", target, outcome="failed", details=details)
            work.audit.record(event)
    if after.outcome in {"refused", "given_up"}:
        _log.error("logout_undelivered", client=after.client_id, outcome=after.outcome, tries=after.tries, error=after.error)
