"""Pushes account events to departments until they have taken them (RFC 8417, RFC 8935).

1. What is owed stands in the database since it happened, in the same transaction.
2. Each is claimed for a short time by one conditional statement, so that of several processes one sends it.
3. The signed event is posted: no redirects, one deadline, nothing read but the status. It has the same ``jti`` with every try.
4. Taken (2xx) or refused (400) settles it. Whatever else happens is tried again, ever more rarely, for a day; then it is an alarm.

What a paused stream is owed waits like what was not taken (OpenID SSF 1.0, 8.1.2), and so does what a client fetches itself. Left to others: what
is owed to whom (``owed_events``), fetching it (``polling``), when this is done (the worker).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog

from crosscert.federation.backoff import pause
from idp.claims.subjects import subject_of
from idp.clients.redirect_uris import origin_of
from idp.owed_events import PREFIX
from idp.ports import IdpDeps, IdpWork
from idp.records import POLLED, Client, EventDelivery, EventStream
from idp.signing_keys import get_signing_key
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import monotonic, timestamp
from kernel.errors import Misuse, Refusal
from pki import jose

SET_TYPE = "secevent+jwt"
CONTENT_TYPE = f"application/{SET_TYPE}"
VERIFICATION = "verification"
_OF_STREAMS = "https://schemas.openid.net/secevent/ssf/event-type/"
_RUN_SECONDS = 20.0
_SEND_SECONDS = 5.0
_AT_ONCE = 200
_CLAIMED_FOR = timedelta(seconds=60)
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=2)
_GIVEN_UP_AFTER = timedelta(hours=24)
_UNTOLD_FOR = timedelta(days=3)
_MAX_ANSWER_BYTES = 64 * 1024
_MAX_ERROR = 100
_PAUSED, _UNPOLLED = "paused", "not fetched"
_ITS_OWN = frozenset({None, _PAUSED, _UNPOLLED})
"""Why a client is owed something that it could have: it is not away."""

_UNREADABLE = "authorization unreadable"
"""What it is to be shown was stored, and cannot be decrypted: an alarm at the first try that finds it so, since no later one mends it."""

_log = structlog.get_logger()


def deliver(deps: IdpDeps) -> int:
    """Send what is due, as far as a run's time goes; return how much was taken.

    A client that does not answer is asked once a run; what else it is owed waits for its next try too, out of the way of the others. One that
    has its stream paused does answer: it is told that the stream works all the same.
    """
    end, away, taken = monotonic() + _RUN_SECONDS, dict[str, str | None](), 0
    with deps.work.read() as work:
        due = work.records.due_events(deps.clock.now(), limit=_AT_ONCE)
    for owed in due:
        if monotonic() >= end:
            break
        now = deps.clock.now()
        # 2. Nobody else sends it now.
        with deps.work.begin() as work:
            client, stream = work.records.find_client(owed.client_id), work.records.find_event_stream(owed.client_id)
            if not work.records.claim_event(owed.jti, now=now, until=now + _CLAIMED_FOR):
                continue
        # 3. and 4.
        claimed = replace(owed, tries=owed.tries + 1)
        asked = owed.client_id not in away
        if asked:
            after = _send(deps, client, stream or EventStream(owed.client_id), claimed)
        else:
            after = _later(claimed, away[owed.client_id], now)
        if after.outcome in {None, "given_up"} and after.error not in _ITS_OWN:
            away[owed.client_id] = after.error
        _note(deps, after, unreadable=asked and after.error == _UNREADABLE != owed.error)
        taken += after.outcome == "delivered"
    return taken


def find_untold(deps: IdpDeps) -> Mapping[str, int]:
    """Return how many of the last days' events each client did not take, by client; what it keeps back itself is not counted."""
    with deps.work.read() as work:
        return work.records.untold_events(deps.clock.now() - _UNTOLD_FOR, but=_PAUSED)


def seal_authorization(deps: IdpDeps, client_id: str, uri: str, header: str) -> bytes:
    """Return the Authorization header that is shown at ``uri``, encrypted, for a stream to be stored with."""
    return deps.vault.encrypt(f"{uri}\n{header}", _context(client_id))


def _authorization(deps: IdpDeps, stream: EventStream, uri: str) -> str | None:
    """Return the header that is to be shown at ``uri``: none where an admin registered another address since it was given."""
    if stream.authorization is None:
        return None
    given_for, _, header = deps.vault.decrypt(stream.authorization, _context(stream.client_id)).partition("\n")
    return header if given_for == uri else None


def _context(client_id: str) -> str:
    return f"idp.event_stream:{client_id}"


def sign(deps: IdpDeps, client: Client, owed: EventDelivery, now: datetime) -> str:
    """Return the security event token: about whom (RFC 9493 3.2.3) as this client knows them, and what, without ``exp`` (RFC 8417 2.2).

    A verification is about the stream (OpenID SSF 1.0, 8.1.4.1), which is named by its client.
    """
    if owed.event == VERIFICATION:
        about, event = {"format": "opaque", "id": client.client_id}, _OF_STREAMS + owed.event
    else:
        about = {"format": "iss_sub", "iss": deps.issuer, "sub": subject_of(deps, client, owed.account_id)}
        event = PREFIX + owed.event
    claims = {
        "iss": deps.issuer,
        "aud": client.client_id,
        "iat": timestamp(now),
        "jti": owed.jti,
        "toe": timestamp(owed.at),
        "sub_id": about,
        "events": {event: {} if owed.state is None else {"state": owed.state}},
    }
    key = get_signing_key(deps, client.id_token_signed_response_alg)
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=SET_TYPE)


def _send(deps: IdpDeps, client: Client | None, stream: EventStream, owed: EventDelivery) -> EventDelivery:
    about_stream = owed.event == VERIFICATION  # SSF 1.0, 8.1.4: whatever its status is
    switched_off = stream.status == "disabled" and not about_stream
    if client is None or client.disabled_at is not None or client.events_uri is None or switched_off:
        return replace(owed, outcome="no_address", next_try_at=None)
    uri, now = client.events_uri, deps.clock.now()
    paused = stream.status == "paused" and not about_stream
    if paused or uri == POLLED:
        return _leave(owed, now, paused=paused)
    try:
        authorization = _authorization(deps, stream, uri)
    except Misuse:  # its own matter: the others' events go out, and whoever sends it anew gets all
        return _later(owed, _UNREADABLE, now)
    body = sign(deps, client, owed, now).encode()
    try:
        deps.fetch.post(
            uri,
            body,
            CONTENT_TYPE,
            below=origin_of(uri),
            max_bytes=_MAX_ANSWER_BYTES,
            timeout=_SEND_SECONDS,
            authorization=authorization,
        )
    except Refusal as refusal:
        error = str(refusal.details.get("problem", refusal.code))[:_MAX_ERROR]
        if refusal.details.get("status") == HTTPStatus.BAD_REQUEST:  # RFC 8935 2.3
            return replace(owed, outcome="refused", error=error, next_try_at=None)
        return _later(owed, error, now)
    return replace(owed, outcome="delivered", error=None, next_try_at=None)


def _leave(owed: EventDelivery, now: datetime, *, paused: bool) -> EventDelivery:
    after = _later(owed, _PAUSED if paused else None, now)
    return after if paused or after.outcome is None else replace(after, error=_UNPOLLED)


def _later(owed: EventDelivery, error: str | None, now: datetime) -> EventDelivery:
    if now - owed.at >= _GIVEN_UP_AFTER:
        return replace(owed, outcome="given_up", error=error, next_try_at=None)
    return replace(owed, error=error, next_try_at=now + pause(owed.tries, first=_FIRST, longest=_LONGEST))


def _note(deps: IdpDeps, after: EventDelivery, *, unreadable: bool) -> None:
    failed = after.outcome in {"refused", "given_up"} or unreadable
    with deps.work.begin() as work:
        is_news = work.records.note_event(after)  # what was fetched meanwhile has ended already
        if is_news and (failed or after.outcome == "delivered"):
            tell_end(work, deps, after, failed=failed)


def tell_end(work: IdpWork, deps: IdpDeps, after: EventDelivery, *, failed: bool) -> None:
    """Write down how an event ended; one that ``failed`` is an alarm in the log as well."""
    details: dict[str, Json] = {"event": after.event, "jti": after.jti, "tries": after.tries, "error": after.error}
    target, now = f"client:{after.client_id}", deps.clock.now()
    event = AuditEvent(now, "system", "idp.tell_event", target, outcome="failed" if failed else "ok", details=details)
    work.audit.record(event)
    if failed:
        _log.error("event_undelivered", client=after.client_id, outcome=after.outcome, tries=after.tries, error=after.error)
