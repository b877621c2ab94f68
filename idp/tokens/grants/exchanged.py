"""What the kinds of token exchange share: verifying what is shown, the audience that is wanted, the audited outcome.

Left to others: who may act for whom (``token_exchange``, ``mandated``).
"""

from __future__ import annotations

from dataclasses import replace

from idp.clients.resources import Target
from idp.oauth_errors import RESOURCE
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Grant
from idp.tokens.binding import Binding
from idp.tokens.grants.errors import EXCHANGE_ACTOR, EXCHANGE_TYPE
from idp.tokens.grants.events import event
from idp.tokens.issue import Delegation, Issue
from idp.tokens.signed import AccessToken, verify_access_token
from idp.tokens.standing import counts
from idp.wire import Parameters
from kernel.canonical import Json
from kernel.errors import ErrorCode, Refusal

ACTION = "idp.exchange_token"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - RFC 8693 3


def verify_shown(deps: IdpDeps, value: str, *, refused: ErrorCode) -> AccessToken:
    """Return an access token that verifies and still counts; ``Refusal(refused)``."""
    try:
        token = verify_access_token(deps, value, audience=None)
    except Refusal:
        raise Refusal(refused) from None
    if not counts(deps, token):
        raise Refusal(refused)
    return token


def actor_token(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> AccessToken | None:
    """Return the verified actor_token, None where there is none: one of this client in which nobody acts, its keys proven."""
    value, kind = form.get("actor_token"), form.get("actor_token_type")
    if value is None and kind is None:
        return None
    if value is None or kind != ACCESS_TOKEN:  # RFC 8693 2.1: both or neither
        raise Refusal(EXCHANGE_TYPE, field="actor_token_type")
    token = verify_shown(deps, value, refused=EXCHANGE_ACTOR)
    if token.client_id != client.client_id or "act" in token.claims or not binding.fulfils(token.confirmation):
        raise Refusal(EXCHANGE_ACTOR, field="actor_token")
    return token


def wanted_audience(work: IdpWork, form: Parameters) -> str | None:
    """Return the one resource that is asked for by its URI, or by ``audience``: the name of the client that answers for one alone."""
    wanted = set(form.get_all("resource"))
    for name in form.get_all("audience"):
        server = work.records.find_client(name)
        if server is None or len(server.resources) != 1:
            raise Refusal(RESOURCE, field="audience")
        wanted.update(server.resources)
    if len(wanted) > 1:
        raise Refusal(RESOURCE, field="resource")
    return next(iter(wanted), None)


def issue_exchanged(
    deps: IdpDeps, client: Client, subject: str, target: Target, *, grant: Grant | None, delegation: Delegation
) -> Issue:
    """Audit an exchange with everybody who acts, and return what is to be signed. Refresh tokens are never had this way."""
    details: dict[str, Json] = {
        "subject": subject,
        "act": None if delegation.act is None else dict(delegation.act),
        "audience": target.audience,
        "scopes": list(target.scopes),
        "mandate": delegation.mandate_id,
    }
    exchanged = event(client, ACTION, grant, deps.clock.now(), details=details)
    if grant is not None:  # whose login is passed on sees it
        exchanged = replace(exchanged, target=f"account:{grant.account_id}", details=details | {"grant": grant.id})
    with deps.work.begin() as work:
        work.audit.record(exchanged)
    return Issue(
        subject, target.scopes, target.audience, grant=grant, may_act=target.may_act, delegation=delegation, exchanged=True
    )
