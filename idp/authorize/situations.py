"""How things stand for a request that waits: who is logged in, as whom they act, what would be told of whom.

Left to others: what must be asked then (``interactions``), the flow (``flow``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from idp.authenticators.code_factors import step_up_methods
from idp.authorize.interactions import Situation, is_high_enough
from idp.authorize.request import AuthorizationRequest
from idp.authorize.transactions import Visit
from idp.browsers.sessions import Current
from idp.claims.items import find_items
from idp.claims.subjects import subject_of
from idp.enterprises.acting import MYSELF, Acting, find_choices
from idp.ports import IdpDeps, IdpWork
from idp.records import NO_CLAIMS, Client, Transaction
from policies.claims import release_for


def find_situation(
    work: IdpWork,
    deps: IdpDeps,
    client: Client,
    request: AuthorizationRequest,
    *,
    visit: Visit,
    transaction: Transaction | None = None,
    agreed: bool = False,
    seen: bool = False,
) -> Situation:
    """Return how things stand for a request, for :func:`find_step`."""
    session = None if visit.current is None else visit.current.session
    person = None if visit.current is None else visit.current.account
    now = deps.clock.now()
    foreseen, choices = visit.foreseen, tuple[Acting, ...]()
    if person is not None and foreseen is None:
        choices = find_choices(work, deps, client, person, scopes=request.scopes, now=now)
    own_subject = subject_of(deps, client, "" if person is None else person.id)
    known = [(subject_of(deps, client, one.organization.id), one) for one in choices]
    acting, undecided = _decide(request, own_subject, known, None if transaction is None else transaction.acting)
    if acting is not None:  # what was asked for by name was asked of a person
        request, person = replace(request, scopes=acting.narrow(request.scopes), claims=NO_CLAIMS), acting.organization
    asked = {"scopes": request.scopes, "resources": request.resources}
    items = () if person is None else find_items(work, deps, client, person, names=request.claims, **asked)
    continued = release_for(deps.policies.claims, client.department).continued
    been_there = (
        continued == "each_session"
        and session is not None
        and any(one.client_id == client.client_id for one, _ in work.records.session_clients(session.id))
    )
    if foreseen is not None:
        consent = foreseen.consent
    else:
        consent = None if person is None else work.records.find_consent(person.id, client.client_id)
    return Situation(
        policies=deps.policies.assurance,
        request=request,
        client=client,
        items=items,
        continued=continued,
        been_there=been_there,
        session=session,
        subject=own_subject if acting is None or person is None else subject_of(deps, client, person.id),
        more=_find_more(work, deps, client, request, visit.current),
        consent=consent,
        now=now,
        here=transaction is not None and transaction.authenticated_at is not None,
        agreed=agreed,
        seen=seen or agreed,
        choices=choices if undecided else (),
        acting=acting,
    )


def _find_more(
    work: IdpWork, deps: IdpDeps, client: Client, request: AuthorizationRequest, current: Current | None
) -> Sequence[tuple[str, ...]] | None:
    if current is None or is_high_enough(deps.policies.assurance, request, client, current.session):
        return None
    return step_up_methods(deps, current.account, work.records.authenticators(current.account.id))


def _decide(
    request: AuthorizationRequest, own_subject: str, choices: Sequence[tuple[str, Acting]], chosen: str | None
) -> tuple[Acting | None, bool]:
    """Return for which of the organisations (with their ``sub``) somebody acts, None for none, and whether they must still be asked."""
    if not choices or chosen == MYSELF:
        return None, False
    for _, one in choices:
        if one.mandate.id == chosen:
            return one, False
    # Core 3.1.2.1: a hint or a claim names who must answer.
    if own_subject in request.subjects:
        return None, False
    expected = [one for subject, one in choices if subject in request.subjects]
    return (expected[0], False) if expected else (None, True)
