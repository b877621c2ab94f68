"""The phone's side of a device authorization (RFC 8628 3.3): the code, the ordinary login, and a yes or no to that kiosk.

1. The code is typed, or comes with the QR code and is shown for comparison all the same. Tries are counted like those of a login.
2. The request waits in a login transaction of this browser, which asks what any login asks: password, second factor, level.
3. Last of all it is shown who asks, where, for what (all of it, also what is known there), and the code again: whoever did not just
   see it on a kiosk is being deceived (5.4). Nobody skips this by having agreed before.
4. A yes stores the grant in the phone's session; logging out there ends what the kiosk has.

Left to others: steps 2 and 4 themselves (``authorize.flow``), the pages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from idp import endpoints
from idp.authorize import flow
from idp.authorize.request import AuthorizationRequest, ReturnAddress
from idp.authorize.transactions import Visit, open_transaction, verify_transaction
from idp.device import user_codes
from idp.device.errors import KIOSK_OFFICIAL, USER_CODE_WRONG
from idp.errors import TRANSACTION_OVER
from idp.interaction import consent
from idp.people import throttle
from idp.ports import IdpDeps
from idp.records import Client, DeviceRequest
from kernel.audit import AuditEvent
from kernel.errors import Refusal, Text
from policies import assurance


@dataclass(frozen=True, slots=True)
class Question:
    """What the phone shows: who wants to know what, the code to compare, and at which level the answer is given.

    ``own_page``: the kiosk shows pages of ours, and would be lent a session.
    """

    asked: consent.Question
    user_code: str
    level: Text
    own_page: bool


def enter(deps: IdpDeps, visit: Visit, *, typed: str, address: str) -> flow.Outcome:
    """Take the code that somebody typed and go on to the login, or to the question. ``Refusal`` when it is wrong or tried too often."""
    whose = visit.browser[0] if visit.current is None else visit.current.account.id
    attempt = throttle.take(deps, account=f"device:{whose}", address=address)
    code = user_codes.normal_form(typed)
    now = deps.clock.now()
    with deps.work.begin() as work:
        found = None if code is None else work.records.find_user_code(user_codes.index(deps, code))
        if found is not None and found.decided_at is None and found.expires_at > now:
            attempt.give_back(work)
            request = _as_request(deps, found, work.records.find_client(found.client_id))
            waiting = open_transaction(work, deps, browser=visit.browser, request=request)
            return flow.resume_within(work, deps, waiting, visit)
        work.audit.record(AuditEvent(now, "system", "idp.enter_user_code", "device:unknown", outcome="refused"))
    raise Refusal(USER_CODE_WRONG, field="user_code")


def describe(deps: IdpDeps, transaction_id: str, visit: Visit) -> Question:
    """Return what the person is asked; ``Refusal`` when the login or the kiosk's request is over, or an official would be lent a session."""
    asked = consent.describe(deps, verify_transaction(deps, transaction_id, visit.browser), visit)
    with deps.work.read() as work:
        found = work.records.find_device_request(asked.request.device_id or "")
    if found is None or found.decided_at is not None or found.expires_at <= deps.clock.now() or visit.current is None:
        raise Refusal(TRANSACTION_OVER)
    if found.own_page and assurance.needs_second_factor(deps.policies.assurance, visit.current.account.kind):
        raise Refusal(KIOSK_OFFICIAL)
    level = assurance.get_level(deps.policies.assurance, visit.current.session.acr)
    return Question(asked, user_codes.shown(user_codes.unseal(deps, found)), Text(level.zh, level.en), found.own_page)


def approve(deps: IdpDeps, transaction_id: str, visit: Visit) -> flow.Outcome:
    """Let the kiosk have what it asked for. ``Refusal`` when it is over meanwhile."""
    transaction = verify_transaction(deps, transaction_id, visit.browser)
    if visit.current is None or flow.get_request(transaction).device_id is None:
        raise Refusal(TRANSACTION_OVER)
    # What was left out before stays left out: a kiosk's page has nothing to tick.
    question = consent.describe(deps, transaction, visit)
    return consent.answer(deps, transaction, visit, question, declined=question.left_out)


def _as_request(deps: IdpDeps, found: DeviceRequest, client: Client | None) -> AuthorizationRequest:
    # Answers go to a page of ours: the phone has no business at the kiosk's.
    address = ReturnAddress(found.client_id, endpoints.url(deps, endpoints.DEVICE_DONE), "query", None)
    request = AuthorizationRequest(address, found.scopes, resources=found.resources, device_id=found.id)
    if client is None:
        return request
    # Registration 1.0, 2: what the client registered for requests that say nothing of it.
    return replace(request, max_age=client.default_max_age, acr_values=client.default_acr_values)
