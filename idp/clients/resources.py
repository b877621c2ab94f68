"""Resources (RFC 8707): the interfaces of departments' systems that access tokens are for, named by URI.

A client is a resource server for the ``resources`` of its registration; which departments may ask for whose, and with which scopes,
policies say (``policies.resources``). An unknown resource and one that is not for this client are one answer.

Left to others: which of several a token is for (``tokens.grants.resource``).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from idp.clients.grant_types import EXCHANGE
from idp.oauth_errors import RESOURCE
from idp.ports import IdpDeps, IdpWork
from idp.records import AccountRecord, Client, Mandate
from kernel.errors import ErrorCode, Text
from policies.resources import scopes_at

MAX_LENGTH = 512
MAX_RESOURCES = 10
_OUR_OWN = frozenset({"openid", "offline_access"})
"""Scopes that mean something at our own endpoints and nowhere else."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an access token is to be used, and for what. ``department`` answers there.

    ``may_act`` is the client that answers there, where it may go on as a delegate of the token's subject (RFC 8693 4.4). ``standing`` is
    the mandate by which an agent gets there, and the account of the organisation for which they act.
    """

    audience: str
    department: str
    scopes: tuple[str, ...]
    may_act: str | None = None
    standing: tuple[Mandate, AccountRecord] | None = None


def find_target(work: IdpWork, deps: IdpDeps, client: Client, resource: str, scopes: tuple[str, ...]) -> Target | ErrorCode:
    """Return what ``client``, as it is registered now, may have at ``resource`` of ``scopes``.

    Or why not: it is unknown, another's, or nothing would be left.
    """
    if resource == deps.issuer:
        return own_target(deps, client, scopes)
    scopes = _registered(client, scopes)
    server = work.records.find_resource(resource)
    if server is None or server.disabled_at is not None:
        return RESOURCE
    if not client.vetted and server.department != client.department:  # a system under test tries its own department's alone
        return RESOURCE
    allowed = scopes_at(deps.policies.claims, client.department, server.department) - _OUR_OWN
    left = tuple(scope for scope in scopes if scope in allowed)
    if not left:
        return RESOURCE
    return Target(resource, server.department, left, server.client_id if EXCHANGE in server.grant_types else None)


def own_target(deps: IdpDeps, client: Client, scopes: tuple[str, ...]) -> Target:
    """Return what ``client`` may have at our own endpoints of ``scopes``."""
    return Target(deps.issuer, client.department, _registered(client, scopes))


def _registered(client: Client, scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(scope for scope in scopes if scope in client.scopes)


def find_fault(resource: str) -> Text | None:
    """Return what is wrong with a resource's name: it is an absolute URI without a fragment (RFC 8707 2)."""
    parts = urlsplit(resource)
    if len(resource) > MAX_LENGTH or not resource.isascii() or not resource.isprintable() or " " in resource:
        return Text("太长或含有不允许的字符", "too long, or with characters that are not allowed")
    if parts.scheme != "https" or not parts.hostname or "#" in resource or "@" in parts.netloc:
        return Text("须为 https 网址，不含片段和用户名", "an https address without fragment or user")
    return None
