"""Departments' systems: registering them strictly, changing, finding them. Their secrets are drawn here, shown once and stored hashed.

Left to others: what may be registered (``checks``), proving at an endpoint that one is the client (``authentication``), what it may
learn (``policies.claims``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace

import structlog

from idp.clients.checks import AUTHENTICATION_METHODS, SECRET_METHODS, check_client, check_secret, unsuitable
from idp.errors import CLIENT_CHANGED, CLIENT_EXISTS, CLIENT_UNKNOWN
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, ClientSecret
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.text import normal_form

__all__ = [
    "AUTHENTICATION_METHODS",
    "SECRET_METHODS",
    "Registered",
    "add",
    "all_clients",
    "changing",
    "disable",
    "enable",
    "find",
    "get",
    "hash_secret",
    "prepare",
    "register",
    "replace_client",
    "update",
]

RECURRING = "recurring"
"""The name under which a process keeps what requests came to that clients send again and again (``tokens.recurring``)."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Registered:
    """A client with the secret that was just given to it, if any: it is not shown again."""

    client: Client
    client_secret: str | None = field(repr=False)


def register(deps: IdpDeps, client: Client, *, client_secret: str | None = None, actor: str) -> Registered:
    """Register a client as described; its secret, where the method has one, is the one given or drawn here.

    ``Refusal`` naming the field when something is not acceptable, ``client_exists`` when the name is taken.
    """
    registered = prepare(deps, client, client_secret=client_secret)
    with deps.work.begin() as work:
        add(work, registered.client, actor=actor)
    return registered


def prepare(deps: IdpDeps, client: Client, *, client_secret: str | None = None) -> Registered:
    """Return a client that passed every check, with a secret where its method has one; nothing is stored yet."""
    check_client(deps, client)
    check_secret(client, client_secret)
    now = deps.clock.now()
    needed = client.token_endpoint_auth_method in SECRET_METHODS
    secret = (client_secret or token()) if needed and not client.secrets else None
    secrets = client.secrets if secret is None else (ClientSecret(hash_secret(secret), now),)
    checked = replace(
        client,
        name=normal_form(client.name),
        scopes=tuple(dict.fromkeys(client.scopes)),
        secrets=secrets if needed else (),
        created_at=client.created_at or now,
    )
    if not client.require_pkce:
        _log.warning("client_without_pkce", client_id=client.client_id)
    return Registered(checked, secret)


def add(work: IdpWork, client: Client, *, actor: str) -> None:
    """Store a prepared client as part of a larger change; ``Refusal(client_exists)`` when the name is taken."""
    if not work.records.add_client(client):
        raise Refusal(CLIENT_EXISTS, field="client_id", client_id=client.client_id)
    _put_resources(work, client)
    details: dict[str, Json] = {
        "department": client.department,
        "require_pkce": client.require_pkce,
        "scopes": list(client.scopes),
        "stage": client.stage,
    }
    at = client.created_at
    if at is None:
        message = "a client is prepared before it is added"
        raise ValueError(message)
    work.audit.record(AuditEvent(at, actor, "idp.register_client", f"client:{client.client_id}", details=details))


def update(deps: IdpDeps, client: Client, *, actor: str) -> Registered:
    """Let ``client``, which was read before and changed, be what is registered; the same checks as at registration.

    A secret is drawn when the method has one now and had none. ``Refusal(client_changed)`` when somebody else was faster.
    """
    registered = prepare(deps, client)
    with changing(deps) as work:
        replace_client(deps, work, registered.client, actor=actor)
    return registered


@contextmanager
def changing(deps: IdpDeps) -> Iterator[IdpWork]:
    """Open a transaction that changes clients.

    When it has ended, however, this process believes nothing of clients, or of those that they ask for, that the database said before: other
    threads may have asked it until then.
    """
    try:
        with deps.work.begin() as work:
            yield work
    finally:
        deps.kept.pop(RECURRING, None)


def replace_client(deps: IdpDeps, work: IdpWork, client: Client, *, actor: str, action: str = "idp.update_client") -> None:
    """Store a client in place of what is registered, telling the audit trail what of it has changed; within :func:`changing`."""
    old = work.records.find_client(client.client_id)
    if old is None or not work.records.update_client(client):
        raise Refusal(CLIENT_CHANGED, field="client_id")
    _put_resources(work, client)
    changed = [one.name for one in fields(client) if getattr(old, one.name) != getattr(client, one.name)]
    target, details = f"client:{client.client_id}", {"changed": changed}
    work.audit.record(AuditEvent(deps.clock.now(), actor, action, target, details=details))


def _put_resources(work: IdpWork, client: Client) -> None:
    if not work.records.put_resources(client.client_id, client.resources):
        raise unsuitable(field="resources", zh="已有系统登记", en="another client answers for it")


def disable(deps: IdpDeps, client_id: str, *, actor: str) -> None:
    """Disable a client: no login, no token of it counts any more. ``Refusal(client_unknown)`` when there is none to disable."""
    now = deps.clock.now()
    with changing(deps) as work:
        if not work.records.disable_client(client_id, now):
            raise Refusal(CLIENT_UNKNOWN, field="client_id")
        work.audit.record(AuditEvent(now, actor, "idp.disable_client", f"client:{client_id}"))


def enable(deps: IdpDeps, client_id: str, *, actor: str) -> None:
    """Enable a client again: what is registered of it is what it was. ``Refusal(client_unknown)`` when none is disabled by that name."""
    with deps.work.begin() as work:
        if not work.records.enable_client(client_id):
            raise Refusal(CLIENT_UNKNOWN, field="client_id")
        work.audit.record(AuditEvent(deps.clock.now(), actor, "idp.enable_client", f"client:{client_id}"))


def find(deps: IdpDeps, client_id: str) -> Client | None:
    """Return the client or None when there is none or it is disabled."""
    with deps.work.look() as work:
        client = work.records.find_client(client_id)
    return None if client is None or client.disabled_at is not None else client


def get(deps: IdpDeps, client_id: str) -> Client:
    """Return the client; ``Refusal(client_unknown)``."""
    client = find(deps, client_id)
    if client is None:
        raise Refusal(CLIENT_UNKNOWN, field="client_id")
    return client


def all_clients(deps: IdpDeps) -> Sequence[Client]:
    """Return all clients, disabled ones too, ordered by client_id."""
    with deps.work.read() as work:
        return work.records.clients()


def hash_secret(secret: str) -> bytes:
    """Return the form in which a high-entropy secret is stored: no salt and no slow hash is needed for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()
