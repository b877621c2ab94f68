"""Token exchange (RFC 8693): a token of somebody for a narrower one, in which it stands who acts for them.

1. The form: which types of token are shown and wanted.
2. What is shown is verified and still counts: it was issued to this client, or is meant for it.
3. Who acts: the client, or whoever the actor_token is of. ``may_act`` of what is shown must name them (4.4); the chain of those who
   acted before stays, nested, and has an end. Without an actor it would be impersonation, for clients that policies name.
4. Where to and for what: never more scopes, no longer life, no resource that a login did not grant.
5. The exchange is audited with the whole chain.

Left to others: acting for an organisation, of which no token is shown (``mandated``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.clients.resources import Target, find_target
from idp.enterprises import mandates
from idp.oauth_errors import RESOURCE, SCOPE_WIDER
from idp.ports import IdpDeps
from idp.records import Client, Grant
from idp.tokens.binding import Binding
from idp.tokens.grants import mandated
from idp.tokens.grants.errors import EXCHANGE_ACTOR, EXCHANGE_DEPTH, EXCHANGE_KEY, EXCHANGE_SUBJECT, EXCHANGE_TYPE
from idp.tokens.grants.events import event
from idp.tokens.grants.exchanged import ACCESS_TOKEN, ACTION, actor_token, issue_exchanged, verify_shown, wanted_audience
from idp.tokens.issue import Delegation, Issue
from idp.tokens.signed import AccessToken
from idp.wire import Parameters
from kernel.errors import Refusal

_MOST_ACTORS = 4


@dataclass(frozen=True, slots=True)
class _Shown:
    """The subject's token, whose it is by the client's view, and the grant behind it (None: a client's own)."""

    token: AccessToken
    own: bool
    grant: Grant | None


def redeem(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> Issue:
    """Exchange a token. ``Refusal`` says what is not acceptable; it is audited too, and nothing is used up either way."""
    try:
        return _exchange(deps, client, form, binding)
    except Refusal as refusal:
        with deps.work.begin() as work:
            work.audit.record(event(client, ACTION, None, deps.clock.now(), fault=refusal.error))
        raise


def _exchange(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> Issue:
    # 1. The form.
    if form.get("requested_token_type") not in {None, ACCESS_TOKEN}:
        raise Refusal(EXCHANGE_TYPE, field="requested_token_type")
    kind, value = form.require("subject_token_type"), form.require("subject_token")
    if kind == mandated.ORGANIZATION:
        return mandated.redeem(deps, client, form, binding, uscc=value)
    if kind != ACCESS_TOKEN:
        raise Refusal(EXCHANGE_TYPE, field="subject_token_type")
    # 2. What is shown.
    shown = _verify_subject(deps, client, value, binding)
    # 3. Who acts.
    act = _find_act(deps, client, form, shown, binding)
    # 4. Where to and for what.
    target = _find_target(deps, client, form, shown)
    mandate_id = _find_mandate(deps, shown, target)
    delegation = Delegation(act, shown.token.expires_at, mandate_id, shown.token.claims.get("organization"))
    # 5. Issue.
    return issue_exchanged(deps, client, shown.token.subject, target, grant=shown.grant, delegation=delegation)


def _verify_subject(deps: IdpDeps, client: Client, value: str, binding: Binding) -> _Shown:
    token = verify_shown(deps, value, refused=EXCHANGE_SUBJECT)
    own = token.client_id == client.client_id
    if not own and token.audience not in client.resources:
        raise Refusal(EXCHANGE_SUBJECT, field="subject_token")
    if own and not binding.fulfils(token.confirmation):  # a stolen one is worth nothing here either
        raise Refusal(EXCHANGE_SUBJECT, field="subject_token")
    if token.confirmation and not binding.confirmation:  # its child is bound as well, to whoever was handed it and proves a key
        raise Refusal(EXCHANGE_KEY)
    with deps.work.read() as work:
        return _Shown(token, own, None if token.grant_id is None else work.records.find_grant(token.grant_id))


def _find_act(deps: IdpDeps, client: Client, form: Parameters, shown: _Shown, binding: Binding) -> Mapping[str, Any] | None:
    before: Mapping[str, Any] | None = shown.token.claims.get("act")
    acting = actor_token(deps, client, form, binding)
    if acting is None and (shown.own or client.client_id in deps.policies.tokens.impersonating_clients):
        return before
    actor = client.client_id if acting is None else acting.subject
    if shown.token.claims.get("may_act", {}).get("sub") != actor:
        raise Refusal(EXCHANGE_ACTOR, field="actor_token")
    if _depth(before) >= _MOST_ACTORS:
        raise Refusal(EXCHANGE_DEPTH, field="subject_token")
    return {"sub": actor} if before is None else {"sub": actor, "act": before}


def _find_target(deps: IdpDeps, client: Client, form: Parameters, shown: _Shown) -> Target:
    token = shown.token
    asked = tuple(dict.fromkeys((form.get("scope") or "").split()))
    if not set(asked) <= set(token.scopes):
        raise Refusal(SCOPE_WIDER, field="scope")
    with deps.work.read() as work:
        audience = wanted_audience(work, form) or token.audience
        granted = shown.grant is not None and shown.grant.client_id == client.client_id
        beyond_login = granted and shown.grant is not None and audience not in {token.audience, *shown.grant.resources}
        back_to_us = audience == deps.issuer != token.audience
        target = find_target(work, deps, client, audience, asked or token.scopes)
    if beyond_login or back_to_us or not isinstance(target, Target):
        raise Refusal(RESOURCE, field="resource")
    return target


def _find_mandate(deps: IdpDeps, shown: _Shown, target: Target) -> str | None:
    """Return by which mandate the token of an organisation is good at ``target`` too: handing it on takes it no further than that."""
    mandate_id = shown.token.mandate_id
    if mandate_id is None:
        return None
    with deps.work.look() as work:
        standing = mandates.find_standing(work, deps, mandate_id, deps.clock.now())
    if standing is None or shown.grant is None:
        raise Refusal(EXCHANGE_SUBJECT, field="subject_token")
    mandate, _ = standing
    return mandated.find_mandate(
        deps, shown.grant.account_id, mandate.organization_id, target
    ).id  # the grant is the agent's login


def _depth(act: Mapping[str, Any] | None) -> int:
    return 0 if act is None else 1 + _depth(act.get("act"))
