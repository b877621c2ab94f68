"""A kiosk that is a page of ours: it shows a code, and whoever agrees on their phone is lent a session at it for some minutes.

1. The kiosk asks for a login as any kiosk does (``authorization``); no token is ever given for this code.
2. Somebody decides on their phone, where they are told what will be seen here (``approval``).
3. The code is consumed, once, and the phone's session lends one to the kiosk: as strong, but never fresh, so that nothing can be done there
   that wants a login of just now; short; and over with the phone's. Officials are lent none: the console is for nobody's eyes in a hall.
4. Whoever leaves, or touches nothing for a while, is logged out: by the page, which asks first, and by the server in any case. They take no
   files away meanwhile (``views.browser.check_files``).

Left to others: the pages, and how they look and ask there (``views.kiosk``, ``templates/layout.html``, ``static/js/kiosk.js``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from idp import endpoints
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device, Started
from idp.clients import registry
from idp.clients.addresses import may_call_from
from idp.clients.grant_types import DEVICE_CODE
from idp.device import authorization, user_codes
from idp.device.errors import KIOSK_UNKNOWN
from idp.hashes import digest
from idp.ports import IdpDeps
from idp.records import Client, DeviceRequest
from idp.wire import Parameters
from kernel.errors import Refusal
from kernel.randomness import token
from policies import assurance


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nobody has decided: the code to compare, and the address that the phone opens."""

    user_code: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the code waits to be decided, and for how many seconds there is a session: if nobody touches anything, and at most."""

    waits: bool
    seconds: int
    longest: int


def get_kiosk(deps: IdpDeps, client_id: str, device: Device) -> Client:
    """Return the kiosk; ``Refusal(kiosk_unknown)`` for a client that is none, that stands in no hall, or elsewhere than it shall.

    A page shows no secret, so of a client that has one it is shown in the client's own networks only: else whoever knows its name was it.
    """
    client = registry.find(deps, client_id)
    if client is None or DEVICE_CODE not in client.grant_types or not client.hall:
        raise Refusal(KIOSK_UNKNOWN, field="client_id")
    if not (client.public or client.addresses) or not may_call_from(client, device.address):
        raise Refusal(KIOSK_UNKNOWN, field="client_id")
    return client


def begin(deps: IdpDeps, client_id: str, device: Device) -> str:
    """Ask for a login (step 1) and return the device code; ``Refusal(kiosk_throttled)`` when its address asks too often."""
    kiosk = get_kiosk(deps, client_id, device)
    return str(authorization.ask(deps, kiosk, Parameters({}), address=device.address, own_page=True)["device_code"])


def look(deps: IdpDeps, client_id: str, device_code: str, device: Device) -> Waiting | Started | None:
    """Return how things stand, or the session that was lent; None when it was refused or is over."""
    found = _find(deps, get_kiosk(deps, client_id, device), device_code)
    if found is None:
        return None
    if found.decided_at is None:
        code = user_codes.shown(user_codes.unseal(deps, found))
        return Waiting(code, f"{endpoints.url(deps, endpoints.DEVICE)}?user_code={code}")
    return None if found.grant_id is None else _lend(deps, found, found.grant_id, device)


def tell(deps: IdpDeps, client_id: str, device_code: str, cookie: str | None, device: Device) -> Standing:
    """Tell the page how things stand, with the session's ``cookie`` if it has one; asking counts as no touch."""
    found = _find(deps, get_kiosk(deps, client_id, device), device_code)
    waits = found is not None and found.decided_at is None
    current, now = sessions.find_current(deps, cookie, used=False), deps.clock.now()
    if current is None:
        return Standing(waits, 0, 0)
    seconds, longest = ((end - now).total_seconds() for end in (sessions.until(current.session), current.session.ends_at))
    return Standing(waits, math.ceil(seconds), math.ceil(longest))


def _find(deps: IdpDeps, kiosk: Client, device_code: str) -> DeviceRequest | None:
    """Return what this kiosk asked for, None when it is over."""
    with deps.work.read() as work:
        found = work.records.find_device_code(digest(device_code))
    if found is None or not found.own_page or found.client_id != kiosk.client_id or found.expires_at <= deps.clock.now():
        return None
    return found


def _lend(deps: IdpDeps, found: DeviceRequest, grant_id: str, device: Device) -> Started | None:
    now = deps.clock.now()
    session_id = token(16)
    with deps.work.begin() as work:
        # 3. Consume, then lend.
        if not work.records.consume_device_request(found.id, now, session_id):
            return None
        grant = work.records.find_grant(grant_id)
        lender = None if grant is None or grant.revoked_at is not None else work.records.find_session(grant.session_id)
        if lender is None or not sessions.is_alive(lender, now):
            return None
        whose = work.records.find_account(lender.account_id)
        if whose is None or assurance.needs_second_factor(deps.policies.assurance, whose.kind):
            return None
        return sessions.lend(work, deps, lender, session_id, device)


def leave(deps: IdpDeps, current: Current, client_id: str) -> None:
    """End the session that the kiosk was lent (step 4)."""
    sessions.end(deps, current.session, actor=f"client:{client_id}")
