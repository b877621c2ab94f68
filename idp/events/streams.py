"""Departments set up the stream of account events that they get (OpenID Shared Signals Framework 1.0, 8.1): one for each system.

That there is one is the system's ``events_uri``, whoever registered it. Everything here is done by the system itself, by an access token of its
own (scope ``ssf.manage``), to its own stream. A system in production sends events nowhere but to hosts that an admin has seen, and fetches them
(``POLLED``) only where it did so before, or an admin registered that.

The subjects are all people whom the system was told of; it takes some out and in again. Left to others: reading and telling JSON
(``stream_documents``), what is owed (``owed_events``), sending it (``sending``), handing it out (``polling``), HTTP (``views``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from idp.clients import registry
from idp.errors import CLIENT_UNSUITABLE
from idp.events import stream_documents as documents
from idp.events.errors import STREAM_ADDRESS, STREAM_EXISTS, STREAM_SUBJECT, STREAM_UNKNOWN, STREAM_VERIFIED
from idp.events.sending import VERIFICATION, seal_authorization
from idp.events.stream_documents import MIN_VERIFICATION_INTERVAL, Delivery, wrong
from idp.events.subjects import find_account
from idp.ports import IdpDeps, IdpWork
from idp.records import POLLED, Client, EventDelivery, EventStream, StreamSaid, StreamStatus
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token

SCOPE = "ssf.manage"
_STATUSES: Mapping[str, StreamStatus] = {"enabled": "enabled", "paused": "paused", "disabled": "disabled"}


def create(deps: IdpDeps, client: Client, body: bytes) -> dict[str, Any]:
    """Let the system have a stream (8.1.1.1)."""
    if client.events_uri is not None:
        raise Refusal(STREAM_EXISTS)
    return _set(deps, client, EventStream(client.client_id), documents.parse(body), anew=True)


def read(deps: IdpDeps, client: Client, stream_id: str | None) -> Any:
    """Return the configuration of its stream; without a ``stream_id``, of all that it has (8.1.1.2)."""
    if stream_id is None and client.events_uri is None:
        return []
    told = documents.tell(deps, client, _get(deps, client, client.client_id if stream_id is None else stream_id))
    return [told] if stream_id is None else told


def update(deps: IdpDeps, client: Client, body: bytes, *, whole: bool) -> dict[str, Any]:
    """Change what is said (8.1.1.3), or let nothing count but what is said (``whole``, 8.1.1.4)."""
    document = documents.parse(body)
    return _set(deps, client, _get(deps, client, document.get("stream_id")), document, anew=whole)


def delete(deps: IdpDeps, client: Client, stream_id: str | None) -> None:
    """Let there be no stream any more (8.1.1.5); what is still owed is owed no more."""
    _get(deps, client, stream_id)
    with registry.changing(deps) as work:
        work.records.remove_event_stream(client.client_id)
        _store(deps, work, client, None)
        _audit(deps, work, client, "idp.delete_event_stream")


def status(deps: IdpDeps, client: Client, stream_id: str | None) -> dict[str, Any]:
    """Return whether events are sent (8.1.2.1)."""
    stream = _get(deps, client, stream_id)
    told = {"stream_id": client.client_id, "status": stream.status}
    return told if stream.reason is None else told | {"reason": stream.reason}


def change_status(deps: IdpDeps, client: Client, body: bytes) -> dict[str, Any]:
    """Send events, hold them back for a day at most, or keep none (8.1.2.2)."""
    document = documents.parse(body)
    _get(deps, client, document.get("stream_id"))
    wanted = document.get("status")
    if not isinstance(wanted, str) or wanted not in _STATUSES:
        raise wrong(name="status", zh="须为 enabled、paused 或 disabled", en="none of enabled, paused and disabled")
    after, reason = _STATUSES[wanted], documents.read_text(document, "reason")
    with deps.work.begin() as work:
        work.records.put_stream_status(client.client_id, after, reason)
        if after == "enabled":
            work.records.hurry_events(client.client_id, deps.clock.now())
        _audit(deps, work, client, "idp.change_event_stream", status=after)
    return status(deps, client, client.client_id)


def change_subject(deps: IdpDeps, client: Client, body: bytes, *, wanted: bool) -> None:
    """Tell the system of somebody again (8.1.3.2), or not any more (8.1.3.3)."""
    document = documents.parse(body)
    _get(deps, client, document.get("stream_id"))
    about = document.get("subject")
    account_id = find_account(deps, client, about) if isinstance(about, dict) else None
    if account_id is None:
        raise Refusal(STREAM_SUBJECT, field="subject")
    with deps.work.begin() as work:
        change = work.records.unmute_events if wanted else work.records.mute_events
        change(client.client_id, account_id)
        _audit(deps, work, client, "idp.change_event_subject", account=account_id, wanted=wanted)


def verify(deps: IdpDeps, client: Client, body: bytes) -> None:
    """Owe the system an event that tells nothing but that the stream works (8.1.4.2)."""
    document = documents.parse(body)
    _get(deps, client, document.get("stream_id"))
    state, now = documents.read_text(document, "state"), deps.clock.now()
    with deps.work.begin() as work:
        last = now - timedelta(seconds=MIN_VERIFICATION_INTERVAL)
        if not work.records.take_verification(client.client_id, now=now, last=last):
            raise Refusal(STREAM_VERIFIED, seconds=MIN_VERIFICATION_INTERVAL)
        work.records.owe_event(EventDelivery(token(16), client.client_id, "", VERIFICATION, now, next_try_at=now, state=state))


def _get(deps: IdpDeps, client: Client, stream_id: object) -> EventStream:
    if stream_id != client.client_id or client.events_uri is None:
        raise Refusal(STREAM_UNKNOWN, field="stream_id")
    with deps.work.look() as work:
        return work.records.find_event_stream(client.client_id) or EventStream(client.client_id)


def _set(deps: IdpDeps, client: Client, before: EventStream, document: Mapping[str, Any], *, anew: bool) -> dict[str, Any]:
    wish = documents.read(deps, document, client, before)
    # What is not said is not written either: of two that say different things at once, both count.
    said: StreamSaid = {"requested": None, "description": None, "authorization": None} if anew else {}
    if wish.requested is not None:
        said["requested"] = wish.requested
    if wish.description is not None:
        said["description"] = wish.description
    uri = client.events_uri
    delivery = wish.delivery or (Delivery(POLLED) if anew else None)  # 8.1.1.1: without a word it is polled for
    if delivery is not None:
        uri, shown = _checked(deps, client, delivery), delivery.authorization
        said["authorization"] = None if shown is None else seal_authorization(deps, client.client_id, uri, shown)
    with registry.changing(deps) as work:
        if client.events_uri is None:  # of one that an admin has ended nothing is left
            work.records.remove_event_stream(client.client_id)
        work.records.put_event_stream(client.client_id, said)
        changed = _store(deps, work, client, uri)
        if client.events_uri == POLLED != uri:  # what was left to be fetched goes out
            work.records.hurry_events(client.client_id, deps.clock.now())
        stream = work.records.find_event_stream(client.client_id) or before
        _audit(deps, work, client, "idp.change_event_stream", status=stream.status)
    return documents.tell(deps, changed, stream)


def _checked(deps: IdpDeps, client: Client, delivery: Delivery) -> str:
    uri = delivery.endpoint_url
    try:
        registry.prepare(deps, replace(client, events_uri=uri))
    except Refusal as refusal:
        if refusal.error is not CLIENT_UNSUITABLE or refusal.field != "events_uri":
            raise
        problems = refusal.details
        raise wrong(name="delivery.endpoint_url", zh=problems["problem_zh"], en=problems["problem_en"]) from None
    seen = (*client.redirect_uris, client.events_uri, client.backchannel_logout_uri, client.jwks_uri, client.home_url)
    if client.stage == "production" and urlsplit(uri).netloc not in {urlsplit(one).netloc for one in seen if one is not None}:
        raise Refusal(STREAM_ADDRESS, field="delivery.endpoint_url")
    return uri


def _store(deps: IdpDeps, work: IdpWork, client: Client, uri: str | None) -> Client:
    if client.events_uri == uri:
        return client
    changed = replace(client, events_uri=uri)
    registry.replace_client(deps, work, changed, actor=f"client:{client.client_id}")
    return changed


def _audit(deps: IdpDeps, work: IdpWork, client: Client, action: str, **details: Json) -> None:
    account = details.pop("account", None)
    actor = f"client:{client.client_id}"
    target = actor if account is None else f"account:{account}"
    work.audit.record(AuditEvent(deps.clock.now(), actor, action, target, details=details))
