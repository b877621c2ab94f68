"""Takes account events from departments (RFC 8935): signed by the system's registered key, about somebody whom it knows, once.

1. The form: one token of bounded size. Whose it would be says ``iss``.
2. It verifies under that client's own keys, is for this node, and not older than a department tries.
3. It tells one event that departments may tell, about somebody whom this client was told of by ``sub``.
4. Taken once by its ``jti``; a replay is answered alike and does nothing. The owner is told, and a case opened for staff.

A department ends nothing here by itself. Left to others: what staff decide (``notices.cases``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp import notices
from idp.clients.addresses import may_call_from
from idp.clients.keys import find_keys
from idp.clients.security_profiles import profile_of
from idp.events.errors import EVENT_AUDIENCE, EVENT_FORM, EVENT_KEY
from idp.events.sending import SET_TYPE
from idp.events.subjects import find_account, is_identifier
from idp.owed_events import PREFIX
from idp.ports import IdpDeps
from idp.records import Case, Client
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import timestamp
from kernel.errors import Refusal
from kernel.randomness import token
from pki import jose

RECEIVED = frozenset({"account-disabled", "account-credential-change-required", "credential-compromise", "identifier-changed"})
"""What departments may tell: fraud, somebody locked out there, an identifier that is somebody else's now."""

_TAKEN_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class _Told:
    account_id: str
    event: str
    jti: str


def receive(deps: IdpDeps, body: bytes, *, address: str) -> None:
    """Take an event; ``Refusal`` is one of RFC 8935's errors."""
    # 1. and 2.
    client, claims = _verify(deps, body, address)
    # 3.
    told = _read(deps, client, claims)
    # 4.
    now = deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.take_assertion(client.client_id, f"set:{told.jti}", now + _TAKEN_FOR):
            return
        notice_id = notices.tell(work, deps, told.account_id, "department_event", now, department=client.name)
        case = Case(token(12), told.account_id, now, notice_id=notice_id)
        work.records.add_case(case)
        details: dict[str, Json] = {"event": told.event, "jti": told.jti, "case": case.id}
        actor, target = f"client:{client.client_id}", f"account:{told.account_id}"
        work.audit.record(AuditEvent(now, actor, "idp.receive_event", target, details=details))


def _verify(deps: IdpDeps, body: bytes, address: str) -> tuple[Client, Mapping[str, Any]]:
    try:
        issuer = jose.unverified_claims(body).get("iss")
    except Refusal as refusal:
        raise Refusal(EVENT_FORM) from refusal
    with deps.work.read() as work:
        client = work.records.find_client(issuer) if is_identifier(issuer) else None
    if client is None or client.disabled_at is not None or not may_call_from(client, address):
        raise Refusal(EVENT_KEY)
    now = deps.clock.now()
    try:
        claims = jose.verify(
            body,
            find_keys(deps, client, body.decode("ascii")),
            algorithms=profile_of(client).algorithms,
            typ=SET_TYPE,
            audience=None,
            issuer=client.client_id,
            now=now,
            require=("iss", "aud", "iat", "jti", "events", "sub_id"),
        )
    except (Refusal, UnicodeDecodeError) as error:
        raise Refusal(EVENT_KEY) from error
    if claims["aud"] != deps.issuer:  # one audience only: what is good elsewhere too could be replayed from there
        raise Refusal(EVENT_AUDIENCE)
    if claims["iat"] < timestamp(now - _TAKEN_FOR / 2):
        raise Refusal(EVENT_FORM)
    return client, claims


def _read(deps: IdpDeps, client: Client, claims: Mapping[str, Any]) -> _Told:
    events, about, jti = claims["events"], claims["sub_id"], claims["jti"]
    if not (isinstance(events, dict) and len(events) == 1 and isinstance(about, dict) and is_identifier(jti)):
        raise Refusal(EVENT_FORM)
    event = next(iter(events)).removeprefix(PREFIX)
    account_id = find_account(deps, client, about) if event in RECEIVED else None
    if account_id is None:  # nobody, or nobody whom it knows: it learns not which
        raise Refusal(EVENT_FORM)
    return _Told(account_id, event, jti)
