"""Agreeing to what a department may learn: what the person reads, and what follows from yes or no.

Left to others: when it is asked (``interactions``), what may be released at all (``policies.claims``).
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.authorize import flow
from idp.authorize.request import AuthorizationRequest
from idp.authorize.transactions import Visit, verify_transaction
from idp.claims.told import scopes_told
from idp.errors import AUTHORIZE_CLIENT, TRANSACTION_OVER
from idp.ports import IdpDeps
from idp.records import Client, Consent
from kernel.audit import AuditEvent
from kernel.errors import Refusal, Text
from policies import claims


@dataclass(frozen=True, slots=True)
class Question:
    """What the page asks: who wants to know, and what, in the sentences of the policies."""

    client: Client
    request: AuthorizationRequest
    sentences: tuple[Text, ...]


def describe(deps: IdpDeps, transaction_id: str, visit: Visit) -> Question:
    """Return what the person is asked in a transaction; ``Refusal`` when it is over or another browser's."""
    request = flow.get_request(verify_transaction(deps, transaction_id, visit.browser))
    with deps.work.read() as work:
        client = work.records.find_client(request.address.client_id)
    if client is None:
        raise Refusal(AUTHORIZE_CLIENT)
    told = scopes_told(deps, client, request.scopes, request.claims)
    released = claims.released_claims(deps.policies.claims, client.department, told)
    scopes = (deps.policies.claims.scopes[scope] for scope in told)
    sentences = (Text(scope.zh, scope.en) for scope in scopes if not scope.claims or released.intersection(scope.claims))
    return Question(client, request, tuple(sentences))


def agree(deps: IdpDeps, transaction_id: str, visit: Visit) -> flow.Outcome:
    """Remember that the person agreed and go on. ``Refusal`` when nobody is logged in or the transaction is over."""
    transaction = verify_transaction(deps, transaction_id, visit.browser)
    request = flow.get_request(transaction)
    if visit.current is None:
        raise Refusal(TRANSACTION_OVER)
    now = deps.clock.now()
    account_id = visit.current.account.id
    client_id = request.address.client_id
    with deps.work.begin() as work:
        outcome = flow.resume_within(work, deps, transaction, visit, agreed=True)
        client = work.records.find_client(client_id)
        if client is not None and isinstance(outcome, flow.Answer) and "code" in outcome.parameters:
            told = scopes_told(deps, client, request.scopes, request.claims)
            work.records.put_consent(Consent(account_id, client_id, told, now))
            target, details = f"client:{client_id}", {"scopes": list(told)}
            work.audit.record(AuditEvent(now, f"account:{account_id}", "idp.consent", target, details=details))
    return outcome
