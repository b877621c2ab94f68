"""The device authorization endpoint (RFC 8628 3.1): a kiosk asks for a login that happens elsewhere.

1. The form of the request. 2. Who is calling. 3. May the client use this grant? 4. What it asks for, and may have: a kiosk is shared,
so nothing that outlives the phone's session (``offline_access``). 5. Who showed no secret is counted by address: of such requests the store
holds no more than a policy allows. 6. The request waits under two codes: a long one for the kiosk, stored hashed, and a short one for people.

Left to others: the page where it is decided (``approval``), polling (``tokens.grants.device_code``), a kiosk that is a page of ours (``hall``).
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from idp import endpoints
from idp.clients.authentication import authenticate, refused
from idp.clients.grant_types import DEVICE_CODE
from idp.clients.resources import MAX_RESOURCES, Target, find_target
from idp.device import user_codes
from idp.device.errors import KIOSK_THROTTLED
from idp.hashes import digest
from idp.oauth_errors import GRANT_TYPE_FORBIDDEN, RESOURCE, SCOPE_WIDER
from idp.people import throttle
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, DeviceRequest
from idp.wire import OAuthRequest, OAuthResponse, Parameters, check_method, json_response
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token
from policies import claims

INTERVAL_SECONDS = 5
_MOST_DRAWS = 5


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a device authorization request."""
    try:
        check_method(request, "POST")
        request.form.check_none_doubled()
        client = authenticate(deps, request, endpoint=endpoints.url(deps, endpoints.DEVICE_AUTHORIZATION))
        return json_response(ask(deps, client, request.form, address=request.address))
    except Refusal as refusal:
        return refused(refusal)


def ask(deps: IdpDeps, client: Client, form: Parameters, *, address: str, own_page: bool = False) -> dict[str, Any]:
    """Store a kiosk's request and return its codes (3.2); ``Refusal`` when it asks for what it cannot have, or ``address`` too often."""
    if DEVICE_CODE not in client.grant_types:
        raise Refusal(GRANT_TYPE_FORBIDDEN)
    scopes, resources = _scopes(deps, client, form), _resources(form)
    now = deps.clock.now()
    seconds = deps.policies.tokens.device_code_seconds
    device_code, request_id = token(), token(16)
    with deps.work.begin() as work:
        for resource in resources:
            target = find_target(work, deps, client, resource, scopes)
            if not isinstance(target, Target):
                raise Refusal(target, field="resource")
        if own_page or client.public:
            _count(work, deps, address)
        for _ in range(_MOST_DRAWS):  # a code that is another's is drawn again
            user_code = user_codes.draw()
            request = DeviceRequest(
                id=request_id,
                device_code_hash=digest(device_code),
                user_code_index=user_codes.index(deps, user_code),
                user_code=user_codes.seal(deps, request_id, user_code),
                client_id=client.client_id,
                scopes=scopes,
                resources=resources,
                interval_seconds=INTERVAL_SECONDS,
                created_at=now,
                expires_at=now + timedelta(seconds=seconds),
                own_page=own_page,
            )
            if work.records.add_device_request(request):
                break
        else:
            message = f"no user code is free after {_MOST_DRAWS} draws"
            raise LookupError(message)
        details: dict[str, Json] = {"device": request_id, "scopes": list(scopes)}
        actor = f"client:{client.client_id}"
        work.audit.record(AuditEvent(now, actor, "idp.ask_device", actor, details=details))
    page = endpoints.url(deps, endpoints.DEVICE)
    return {
        "device_code": device_code,
        "user_code": user_codes.shown(user_code),
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={user_codes.shown(user_code)}",
        "expires_in": seconds,
        "interval": INTERVAL_SECONDS,
    }


def _count(work: IdpWork, deps: IdpDeps, address: str) -> None:
    rules = deps.policies.assurance.throttle
    key = ("kiosk", deps.vault.digest(throttle.subscriber(address), "idp.try.kiosk"))
    if not work.records.take_try(key, now=deps.clock.now(), window_seconds=rules.window_seconds, limit=rules.kiosk_codes):
        raise Refusal(KIOSK_THROTTLED, minutes=math.ceil(rules.window_seconds / 60))


def _scopes(deps: IdpDeps, client: Client, form: Parameters) -> tuple[str, ...]:
    asked = (form.get("scope") or " ".join(client.scopes)).split()
    never = {"offline_access", *claims.OF_SYSTEMS}
    registered = (scope for scope in asked if scope in client.scopes and scope not in never)
    scopes = claims.allowed_scopes(deps.policies.claims, client.department, registered)
    if not scopes:
        raise Refusal(SCOPE_WIDER, field="scope")
    return scopes


def _resources(form: Parameters) -> tuple[str, ...]:
    resources = form.get_all("resource")
    if len(resources) > MAX_RESOURCES:
        raise Refusal(RESOURCE, field="resource")
    return resources
