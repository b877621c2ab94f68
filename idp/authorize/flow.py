"""The authorization endpoint (RFC 6749 4.1.1, OpenID Connect Core 3.1.2): from a request to its answer.

1. The client is established. What it asks for may stand in the address, in a request object (``request_objects``) or here already
   (``pushed_requests``). Its return address is established; until then refusals are shown, not redirected (``established``).
2. The other checks, a table (``checks``); their refusals are answered to the return address, by the person's own hand where nobody vetted it.
3. What must still be asked of the person (``interactions``): nothing, or the request waits as a transaction.
4. When nothing is left to ask: a pushed request is used up, grant and code are stored, the transaction is finished and the event audited,
   all in one transaction.
5. The answer: code, state and ``iss`` (RFC 9207) to the return address.

Left to others: the steps themselves (``interaction``), redirects and forms (``views``), redeeming the code (``tokens``).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from idp.authorize import pushed_requests, request_objects
from idp.authorize.checks import check_request
from idp.authorize.consents import is_news, remember
from idp.authorize.established import find_client, find_return_address, forget_client, recall_client
from idp.authorize.handed_over import hand_over
from idp.authorize.interactions import WITHOUT_ASKING, Situation, Step, acr_told, find_step
from idp.authorize.request import AuthorizationRequest, ReturnAddress, from_json
from idp.authorize.situations import find_situation
from idp.authorize.transactions import Visit, ending, foresee, open_transaction, verify_address, verify_transaction
from idp.claims.items import granted_names, granted_scopes, kept, keys
from idp.claims.subjects import subject_of
from idp.errors import AUTHORIZE_CLIENT, TRANSACTION_OVER
from idp.oauth_errors import ACCESS_DENIED, oauth_name
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Grant, Session, Transaction
from idp.wire import Parameters
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.work import Conflict


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client, through the browser."""

    address: ReturnAddress
    parameters: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """What must be asked of the person first, for whom. ``step`` None: not decided, for the browser has not shown its cookies yet."""

    transaction_id: str
    step: Step | None
    client: Client


@dataclass(frozen=True, slots=True)
class Held:
    """An error that a mere link caused, for an address that nobody vetted: a stranger goes there knowingly or not at all (RFC 9700 4.11.2)."""

    answer: Answer
    refusal: Refusal
    client: Client


Outcome = Answer | Ask | Held


def begin(deps: IdpDeps, parameters: Parameters, visit: Visit | None) -> Outcome:
    """Take a request. ``visit`` None (a POST from another site carries no cookies) lets it wait until the browser comes by GET.

    ``Refusal`` (for a page, never to be redirected) when client or return address are not established. A client that was looked up before is
    taken as it was then, by the same steps, where the statement that stores what comes of it finds it so; in all other cases it is looked up.
    """
    known = None if visit is None else recall_client(deps, parameters)
    if known is not None and visit is not None:
        try:
            return _begin_known(deps, parameters, known, visit)
        except (Conflict, Refusal):  # because something is otherwise by now, perhaps
            forget_client(deps, known)
    visit = visit and replace(visit, foreseen=None)
    # 1. Who asks, and for what.
    client = find_client(deps, parameters)
    try:
        pushed = pushed_requests.find(deps, client, parameters)
        said = parameters if pushed is not None else request_objects.unpack(deps, client, parameters)
    except Refusal as refusal:
        answer = refuse(deps, find_return_address(parameters, client, otherwise=refusal), refusal)
        return _hold(client, answer, refusal, visit, silent=parameters.get("prompt") == "none")
    address = find_return_address(said, client) if pushed is None else verify_address(client, pushed.address)
    try:
        # 2. Is it right?
        request = check_request(deps, said, client, address) if pushed is None else pushed
        # 3. to 5.
        if visit is None:
            with deps.work.note() as work:
                return Ask(open_transaction(work, deps, browser=None, request=request).id, None, client)
        try:
            return _begin_right(deps, client, request, visit)
        except Conflict:  # logged out meanwhile
            raise Refusal(WITHOUT_ASKING["login"]) from None
    except Refusal as refusal:
        silent = said.get("prompt") == "none" if pushed is None else "none" in pushed.prompts
        return _hold(client, refuse(deps, address, refusal), refusal, visit, silent=silent)


def _begin_known(deps: IdpDeps, parameters: Parameters, client: Client, visit: Visit) -> Outcome:
    """Take a plain request of a client as it was when it was last looked up; ``Refusal`` or ``Conflict``, and nothing is done."""
    address = find_return_address(parameters, client)
    return _begin_right(deps, client, check_request(deps, parameters, client, address), visit, known=client)


def _begin_right(
    deps: IdpDeps, client: Client, request: AuthorizationRequest, visit: Visit, *, known: Client | None = None
) -> Outcome:
    with _open(deps, visit) as work:
        if visit.current is not None and visit.foreseen is None:
            _, visit = foresee(work, visit, client.client_id)
        return _proceed(work, deps, client, request, visit=visit, known=known)


def resume(deps: IdpDeps, transaction: Transaction, visit: Visit) -> Outcome:
    """Go on with a request that waited, as far as it goes without asking."""
    # Who is nobody yet is asked to log in, and nothing is written, unless they must not be asked.
    asked = visit.current is None and "none" not in get_request(transaction).prompts
    with ending(deps.work.look() if asked else _open(deps, visit)) as work:
        return resume_within(work, deps, transaction, visit)


def _open(deps: IdpDeps, visit: Visit) -> AbstractContextManager[IdpWork]:
    """Open a transaction for a request: where nobody is logged in it can only wait, and nothing is granted or promised."""
    return deps.work.note() if visit.current is None else deps.work.begin()


def resume_within(
    work: IdpWork,
    deps: IdpDeps,
    transaction: Transaction,
    visit: Visit,
    *,
    declined: frozenset[str] | None = None,
    seen: bool = False,
) -> Outcome:
    """Do what :func:`resume` does as part of a larger change, say the login that made it possible, which is opened by ``ending``.

    ``declined`` is what the person left out when they agreed; None: they were not asked just now. ``seen``: they were only shown it.
    """
    request = get_request(transaction)
    found, visit = foresee(work, visit, request.address.client_id)
    client, request = check_waiting(request, found)
    try:
        return _proceed(work, deps, client, request, visit=visit, transaction=transaction, declined=declined, seen=seen)
    except Refusal as refusal:
        return _give_up(work, deps, transaction, visit, refusal)


def cancel(deps: IdpDeps, transaction_id: str, visit: Visit) -> Answer | None:
    """Tell the client that the person does not want to; None when there is no client to tell."""
    transaction = verify_transaction(deps, transaction_id, visit.browser)
    if transaction.request is None:
        return None
    with deps.work.begin() as work:
        find_waiting(work, transaction)
        return _give_up(work, deps, transaction, visit, Refusal(ACCESS_DENIED))


def find_waiting(work: IdpWork, transaction: Transaction) -> tuple[Client, AuthorizationRequest]:
    """Return a request that waits and whose it is, by what is registered now: it may be less than when the request came.

    ``Refusal`` where nobody may be redirected any more.
    """
    request = get_request(transaction)
    return check_waiting(request, work.records.find_client(request.address.client_id))


def check_waiting(request: AuthorizationRequest, client: Client | None) -> tuple[Client, AuthorizationRequest]:
    """Do what :func:`find_waiting` does with what was looked up already."""
    if client is None or client.disabled_at is not None:
        raise Refusal(AUTHORIZE_CLIENT)
    if request.device_id is None:  # a kiosk's answer goes to a page of ours
        verify_address(client, request.address)
    scopes = tuple(scope for scope in request.scopes if scope in client.scopes)
    return client, request if scopes == request.scopes else replace(request, scopes=scopes)


def get_request(transaction: Transaction) -> AuthorizationRequest:
    """Return the request that waits in a transaction; ``Refusal`` when it is a login without a client."""
    if transaction.request is None:
        raise Refusal(TRANSACTION_OVER)
    return from_json(transaction.request)


def refuse(deps: IdpDeps, address: ReturnAddress, refusal: Refusal) -> Answer:
    """Return the error answer (RFC 6749 4.1.2.1), with ``iss`` (RFC 9207) like every other."""
    parameters = {"error": oauth_name(refusal), "error_description": refusal.text.en}
    return _answer(deps, address, parameters)


def _hold(client: Client, answer: Answer, refusal: Refusal, visit: Visit | None, *, silent: bool) -> Answer | Held:
    """Keep an error from taking a stranger's browser to an address that nobody vetted (RFC 9700 4.11.2).

    ``prompt=none`` shows no page to anybody (Core 3.1.2.1).
    """
    known = visit is not None and visit.current is not None
    return answer if client.vetted or known or silent else Held(answer, refusal, client)


def _proceed(
    work: IdpWork,
    deps: IdpDeps,
    client: Client,
    request: AuthorizationRequest,
    *,
    visit: Visit,
    transaction: Transaction | None = None,
    declined: frozenset[str] | None = None,
    seen: bool = False,
    known: Client | None = None,
) -> Outcome:
    agreed = declined is not None
    situation = find_situation(work, deps, client, request, visit=visit, transaction=transaction, agreed=agreed, seen=seen)
    step = find_step(situation)
    if step is not None:
        if "none" in request.prompts:
            raise Refusal(WITHOUT_ASKING[step])
        waiting = transaction or open_transaction(work, deps, browser=visit.browser, request=request, known=known)
        return Ask(waiting.id, step, client)
    if situation.session is None:
        raise Refusal(WITHOUT_ASKING["login"])
    pushed_requests.use_up(work, request)
    if transaction is None:
        work.records.tell_client(situation.session.id, client.client_id, situation.now, known, visit.foreseen)
    else:
        work.records.finish_telling(transaction.id, situation.session.id, client.client_id, situation.now)
    return _finish(work, deps, situation, situation.session, declined=declined)


def _finish(
    work: IdpWork,
    deps: IdpDeps,
    situation: Situation,
    session: Session,
    *,
    declined: frozenset[str] | None,
) -> Answer:
    now, client, request, acting = situation.now, situation.client, situation.request, situation.acting
    whose = session.account_id if acting is None else acting.organization.id
    consent = remember(situation, whose, subject_of(deps, client, whose), declined)
    if is_news(situation.consent, consent):
        work.records.put_consent(consent)
    told = kept(situation.items, consent)
    scopes = granted_scopes(deps, client, request.scopes, items=situation.items, kept=told)
    grant = Grant(
        id=token(16),
        client_id=client.client_id,
        account_id=session.account_id,
        session_id=session.id,
        scopes=scopes,
        acr=acr_told(deps.policies.assurance, request, session),
        amr=session.amr,
        auth_time=session.auth_time,
        created_at=now,
        claims=granted_names(request.claims, told),
        resources=request.resources,
        mandate_id=None if acting is None else acting.mandate.id,
    )
    work.records.add_grant(grant)
    parameters = hand_over(work, deps, client, request, grant)
    details: dict[str, Json] = {
        "grant": grant.id,
        "scopes": list(scopes),
        "claims": sorted(keys(told)),
        "acr": grant.acr,
        "session": session.id,
    }
    if request.device_id is not None:
        details["device"] = request.device_id
    if request.resources:
        details["resources"] = list(request.resources)
    if acting is not None:
        details |= {"mandate": acting.mandate.id, "organization": acting.organization.id}
    actor = f"account:{session.account_id}"
    work.audit.record(AuditEvent(now, actor, "idp.authorize", f"client:{client.client_id}", details=details))
    return _answer(deps, request.address, parameters)


def _give_up(work: IdpWork, deps: IdpDeps, transaction: Transaction, visit: Visit, refusal: Refusal) -> Answer:
    request, now = get_request(transaction), deps.clock.now()
    if not work.records.finish_transaction(transaction.id, now):
        raise Refusal(TRANSACTION_OVER)
    if request.pushed_as is not None:  # whether or not another answer was first
        work.records.use_pushed_request(bytes.fromhex(request.pushed_as))
    details: dict[str, Json] = {"error": oauth_name(refusal)}
    if request.device_id is not None:
        work.records.decide_device_request(request.device_id, None, now)
        details["device"] = request.device_id
    actor = "system" if visit.current is None else f"account:{visit.current.account.id}"
    target = f"client:{request.address.client_id}"
    work.audit.record(AuditEvent(now, actor, "idp.authorize", target, outcome="refused", details=details))
    return refuse(deps, request.address, refusal)


def _answer(deps: IdpDeps, address: ReturnAddress, parameters: Mapping[str, str]) -> Answer:
    state = {} if address.state is None else {"state": address.state}
    return Answer(address, {**parameters, **state, "iss": deps.issuer})
