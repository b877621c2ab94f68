"""The client credentials grant (RFC 6749 4.4): a token for the client itself. No person, so no ID token; no refresh token (4.4.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from idp.clients.resources import Target, find_target
from idp.oauth_errors import SCOPE_WIDER
from idp.ports import IdpDeps, IdpWork
from idp.records import Client
from idp.tokens.binding import Binding
from idp.tokens.grants.resource import asked_resource
from idp.tokens.issue import Issue
from idp.wire import Parameters
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.work import Conflict

_Recorded = TypeVar("_Recorded")
_NOT_FOR_CLIENTS = frozenset({"openid", "offline_access"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks for: scopes that it is registered for, at one resource or (None) at our own endpoints."""

    scopes: tuple[str, ...]
    resource: str | None


def redeem(deps: IdpDeps, client: Client, form: Parameters, _binding: Binding) -> Issue:
    """Give a client a token on its own behalf, for one resource or our own endpoints, with scopes that it is registered for."""
    issue, _ = _issue(deps, client, read(client, form), lambda work, event: work.audit.record(event))
    return issue


def read(client: Client, form: Parameters) -> Asked:
    """Return what a form asks for, or refuse."""
    own = tuple(scope for scope in client.scopes if scope not in _NOT_FOR_CLIENTS)
    asked = tuple(dict.fromkeys((form.get("scope") or "").split()))
    resource = asked_resource(form)
    if not set(asked) <= set(own):
        raise Refusal(SCOPE_WIDER, field="scope")
    return Asked(asked or own, resource)


def issue_if_it_stands(deps: IdpDeps, client: Client, asked: Asked) -> Issue:
    """Give it to a client as it is remembered; ``Conflict``, and nothing is done, where it is not that any more."""
    issue, is_so = _issue(deps, client, asked, lambda work, event: work.audit.record_if(event, work.records.stands_as(client)))
    if not is_so():
        raise Conflict
    return issue


def told(client: Client, issue: Issue, *, own: str, at: datetime) -> AuditEvent:
    """Return the event that tells of a token, for which nothing else is stored; ``own`` are our own endpoints."""
    actor = f"client:{client.client_id}"
    details: dict[str, Json] = {} if issue.audience == own else {"resource": issue.audience, "scopes": list(issue.scopes)}
    return AuditEvent(at, actor, "idp.client_credentials", actor, details=details)


def _issue(
    deps: IdpDeps, client: Client, asked: Asked, record: Callable[[IdpWork, AuditEvent], _Recorded]
) -> tuple[Issue, _Recorded]:
    resource = asked.resource or deps.issuer
    with deps.work.note() as work:
        target = find_target(work, deps, client, resource, asked.scopes)
        if not isinstance(target, Target):
            raise Refusal(target, field="resource")
        issue = Issue(client.client_id, target.scopes, target.audience, may_act=target.may_act)
        recorded = record(work, told(client, issue, own=deps.issuer, at=deps.clock.now()))
    return issue, recorded
