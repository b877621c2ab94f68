"""Acting for an organisation: an agent (经办人) who logged in at this client gets a token of the organisation, in which they act.

The organisation is named by its credit code (a subject_token of a type of our own, RFC 8693 3: it is not there itself), the agent by
the access token of their login. Whether they may is a mandate's to say, towards the department that answers at the resource, for
each scope. Nobody becomes the organisation: ``act`` tells who it was, always.

Left to others: where mandates come from (``enterprises.mandates``).
"""

from __future__ import annotations

from idp.claims.subjects import subject_of
from idp.clients.resources import Target, find_target
from idp.enterprises import mandates
from idp.oauth_errors import SCOPE_WIDER
from idp.people.accounts import open_record
from idp.ports import IdpDeps
from idp.records import Client, Mandate
from idp.tokens.binding import Binding
from idp.tokens.grants.errors import EXCHANGE_ACTOR, EXCHANGE_MANDATE
from idp.tokens.grants.exchanged import actor_token, issue_exchanged, wanted_audience
from idp.tokens.issue import Delegation, Issue
from idp.wire import Parameters
from kernel.errors import Refusal
from policies.claims import allowed_scopes

ORGANIZATION = "urn:chaoxin:token-type:uscc"
"""The type of a subject_token that is an organisation's unified social credit code."""


def redeem(deps: IdpDeps, client: Client, form: Parameters, binding: Binding, *, uscc: str) -> Issue:
    """Give the agent a token of the organisation. An unknown organisation and a missing mandate are one answer."""
    acting = actor_token(deps, client, form, binding)
    if acting is None or acting.grant_id is None:
        raise Refusal(EXCHANGE_ACTOR, field="actor_token")
    asked = tuple(dict.fromkeys(form.require("scope").split()))
    registered = [scope for scope in asked if scope in client.scopes]
    if allowed_scopes(deps.policies.claims, client.department, registered) != asked:
        raise Refusal(SCOPE_WIDER, field="scope")
    with deps.work.read() as work:
        target = find_target(work, deps, client, wanted_audience(work, form) or deps.issuer, asked)
        grant = work.records.find_grant(acting.grant_id)
        organization = work.records.find_holder(deps.vault.index(uscc, "idp.holder"))
    if not isinstance(target, Target):
        raise Refusal(target, field="resource")
    if grant is None:
        raise Refusal(EXCHANGE_ACTOR, field="actor_token")
    if organization is None or organization.kind != "enterprise" or organization.disabled_at is not None:
        raise Refusal(EXCHANGE_MANDATE, field="subject_token")
    mandate = find_mandate(deps, grant.account_id, organization.id, target)
    name = open_record(deps, organization).name
    delegation = Delegation({"sub": acting.subject}, min(acting.expires_at, mandate.valid_until), mandate.id, name)
    return issue_exchanged(deps, client, subject_of(deps, client, organization.id), target, grant=grant, delegation=delegation)


def find_mandate(deps: IdpDeps, agent: str, organization: str, target: Target) -> Mandate:
    """Return the mandate that lets account ``agent`` act for account ``organization`` at a target with all its scopes; ``Refusal``."""
    found = mandates.find(
        deps,
        agent=agent,
        organization=organization,
        department=target.department,
        powers=target.scopes,
        at=deps.clock.now(),
    )
    if found is None:
        raise Refusal(EXCHANGE_MANDATE, field="subject_token")
    return found
