"""The device code grant (RFC 8628 3.4): a kiosk asks, again and again, whether somebody has decided on their phone.

While nobody has, an answer costs one look and one conditional statement. An approved code is consumed by another one, exactly once;
shown again it revokes all that it gave, like an authorization code.
"""

from __future__ import annotations

from datetime import datetime

from idp.clients.resources import Target
from idp.hashes import digest
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, DeviceRequest, Grant
from idp.tokens.binding import Binding
from idp.tokens.grants.errors import DEVICE_DENIED, DEVICE_EXPIRED, DEVICE_INVALID, DEVICE_PENDING, DEVICE_TOO_FAST
from idp.tokens.grants.events import event
from idp.tokens.grants.refresh import new_refresh_token
from idp.tokens.grants.resource import asked_resource, find_granted_target
from idp.tokens.issue import Issue, issue_for
from idp.wire import Parameters
from kernel.errors import ErrorCode, Refusal

_ACTION = "idp.redeem_device_code"


def redeem(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> Issue:
    """Exchange a device code, or say how things stand (3.5)."""
    device_code, asked = form.require("device_code"), asked_resource(form)
    now = deps.clock.now()
    with deps.work.read() as work:
        found = work.records.find_device_code(digest(device_code))
    if found is None or found.client_id != client.client_id or found.own_page:
        raise Refusal(DEVICE_INVALID, field="device_code")
    if found.decided_at is None or found.grant_id is None:
        raise Refusal(_wait(deps, found, now))
    with deps.work.begin() as work:
        # 1. Consume; whatever is wrong with the rest, this code is used up.
        consumed = work.records.consume_device_request(found.id, now)
        grant = work.records.find_grant(found.grant_id)
        if not consumed and found.expires_at > now:
            work.records.revoke_grant(found.grant_id, now)
        # 2. Check, then issue. A refusal must not undo 1, so it is raised after the transaction.
        outcome = _check(work, deps, client, grant, asked=asked, consumed=consumed)
        if isinstance(outcome, Target) and grant is not None:
            work.audit.record(event(client, _ACTION, grant, now))
            refresh_token = new_refresh_token(work, deps, client, grant, binding, now=now)
            return issue_for(deps, client, grant, outcome, scopes=grant.scopes, refresh_token=refresh_token)
        fault = DEVICE_INVALID if isinstance(outcome, Target) else outcome
        work.audit.record(event(client, _ACTION, grant, now, fault=fault))
    raise Refusal(fault)


def _check(
    work: IdpWork, deps: IdpDeps, client: Client, grant: Grant | None, *, asked: str | None, consumed: bool
) -> Target | ErrorCode:
    if not consumed or grant is None or grant.revoked_at is not None:
        return DEVICE_INVALID
    return find_granted_target(work, deps, client, grant, grant.scopes, asked=asked)


def _wait(deps: IdpDeps, found: DeviceRequest, now: datetime) -> ErrorCode:
    if found.expires_at <= now:
        return DEVICE_EXPIRED
    if found.decided_at is not None:
        return DEVICE_DENIED
    with deps.work.begin() as work:
        return DEVICE_PENDING if work.records.poll_device_request(found.id, now) else DEVICE_TOO_FAST
