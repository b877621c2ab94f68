"""The registration endpoint: systems register themselves (RFC 7591, OpenID Connect Registration 1.0) and keep that up (RFC 7592).

1. The access token: an initial one to register, the client's own for everything else; unknown, wrong and used up are one answer.
2. The metadata, read (``metadata``) and checked (``checks``); whatever is refused uses nothing up.
3. One transaction: a use of the initial access token is taken by one conditional statement, the client is stored, it is audited.
4. The answer. The registration access token is another one after each change; secret and token are stored hashed, so that what was
   told once is not told again.

Left to others: making initial access tokens (``invitations``), letting a system into production (``stages``).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from idp import endpoints
from idp.clients import metadata, registry
from idp.clients.authentication import check_nothing_secret_in_query
from idp.clients.errors import (
    REGISTRATION_FORBIDDEN,
    REGISTRATION_TOKEN,
    REGISTRATION_UNREADABLE,
)
from idp.clients.invitations import name_of
from idp.clients.sectors import changes_subjects
from idp.errors import CLIENT_UNSUITABLE
from idp.hashes import digest
from idp.ports import IdpDeps
from idp.records import Client
from idp.wire import OAuthRequest, OAuthResponse, check_method, error_response, json_response
from kernel.errors import Refusal
from kernel.randomness import random_bytes, token
from pki.errors import JWK_UNSUITABLE
from pki.strict_json import parse_object

_CHALLENGE = 'Bearer realm="chaoxin"'
_CREATED, _NO_CONTENT = 201, 204
_NOBODY = bytes(32)
_OURS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a registration request; which client is meant stands in the address (``client_id``), as it was told."""
    try:
        check_method(request, *_METHODS)
        request.query.check_none_doubled()
        check_nothing_secret_in_query(request)
        return _METHODS[request.method](deps, request)
    except Refusal as refusal:
        return error_response(_as_wire(refusal), challenge=_CHALLENGE if refusal.error is REGISTRATION_TOKEN else None)


def register(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Register a new client for the department of the initial access token."""
    # 1. The access token.
    shown = digest(_bearer(request))
    now = deps.clock.now()
    with deps.work.read() as work:
        invitation = work.records.find_invitation(shown, now)
    if invitation is None:
        raise Refusal(REGISTRATION_TOKEN)
    # 2. The metadata. The client_id is drawn, and has no dot: no sub is like it (RFC 9700 4.15.1).
    access_token = token()
    new = Client(
        client_id=random_bytes(16).hex(),
        name="",
        department=invitation.department,
        stage=deps.policies.clients.registration.stage,
        registration_token=digest(access_token),
    )
    registered = registry.prepare(deps, metadata.read(deps, parse_object(request.body, REGISTRATION_UNREADABLE), new))
    # 3. One transaction.
    with deps.work.begin() as work:
        if not work.records.use_invitation(shown, now):
            raise Refusal(REGISTRATION_TOKEN)
        registry.add(work, registered.client, actor=f"invitation:{name_of(invitation)}")
    # 4. The answer.
    return json_response(_told(deps, registered, access_token), status=_CREATED)


def read(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Tell a client what is registered of it (RFC 7592 2.1)."""
    client = _verify_client(deps, request)
    return json_response(_told(deps, registry.Registered(client, None), _bearer(request)))


def update(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Replace what is registered of a client by what it sends (RFC 7592 2.2)."""
    # 1. The access token.
    client = _verify_client(deps, request, changing=True)
    # 2. The metadata.
    document = parse_object(request.body, REGISTRATION_UNREADABLE)
    _check_own(client, document)
    access_token = token()
    changed = replace(metadata.read(deps, document, client), registration_token=digest(access_token))
    _check_same_subjects(client, changed)
    # 3. One transaction. 4. The answer.
    registered = registry.update(deps, changed, actor=f"client:{client.client_id}")
    return json_response(_told(deps, registered, access_token))


def delete(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Let a client be none any more (RFC 7592 2.3)."""
    client = _verify_client(deps, request, changing=True)
    registry.disable(deps, client.client_id, actor=f"client:{client.client_id}")
    return OAuthResponse(_NO_CONTENT, b"", (("Cache-Control", "no-store"),))


def _bearer(request: OAuthRequest) -> str:
    scheme, _, value = (request.authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise Refusal(REGISTRATION_TOKEN)
    return value.strip()


def _verify_client(deps: IdpDeps, request: OAuthRequest, *, changing: bool = False) -> Client:
    """Return the client whose registration access token the request shows; no other answer tells whether there is such a client."""
    shown = digest(_bearer(request))
    client = registry.find(deps, request.query.get("client_id") or "")
    held = _NOBODY if client is None else client.registration_token or _NOBODY
    if not hmac.compare_digest(shown, held) or client is None:
        raise Refusal(REGISTRATION_TOKEN)
    if changing and client.stage != deps.policies.clients.registration.stage:
        raise Refusal(REGISTRATION_FORBIDDEN)
    return client


def _check_own(client: Client, document: dict[str, Any]) -> None:
    """RFC 7592 2.2: the client names itself, not what is ours to say; a secret that it sends is one of its own."""
    if document.get("client_id") != client.client_id:
        raise metadata.wrong(name="client_id", zh="与地址中的不一致", en="not the one that the address is of")
    for name in _OURS:
        if name in document:
            raise metadata.wrong(name=name, zh="不由系统填写", en="not for the client to say")
    secret = document.get("client_secret")
    if secret is not None:
        shown = registry.hash_secret(secret) if isinstance(secret, str) else _NOBODY
        if not any([hmac.compare_digest(shown, one.hash) for one in client.secrets]):  # noqa: C419 - all of them, whichever is right
            raise metadata.wrong(name="client_secret", zh="不是该系统的密钥", en="not a secret of the client")


def _check_same_subjects(before: Client, after: Client) -> None:
    """Refuse another sector (Core 8.1): whom a system knows by its own identifiers it would next know by another department's."""
    if changes_subjects(before, after):
        raise metadata.wrong(
            name="subject_type", zh="登记后不能改变，也不能换主机", en="not to be changed any more, nor the host"
        )


def _told(deps: IdpDeps, registered: registry.Registered, access_token: str) -> dict[str, Any]:
    client = registered.client
    document = metadata.tell(client)
    if registered.client_secret is not None:
        document |= {"client_secret": registered.client_secret, "client_secret_expires_at": 0}
    uri = f"{endpoints.url(deps, endpoints.REGISTER)}?{urlencode({'client_id': client.client_id})}"
    return document | {"registration_access_token": access_token, "registration_client_uri": uri}


def _as_wire(refusal: Refusal) -> Refusal:
    """Return a refusal of what was to be registered as the protocol's own (RFC 7591 3.2.2)."""
    if refusal.error is CLIENT_UNSUITABLE:
        name = {"name": "client_name"}.get(refusal.field or "", refusal.field or "")
        return metadata.wrong(name=name, zh=str(refusal.details["problem_zh"]), en=str(refusal.details["problem_en"]))
    if refusal.error is JWK_UNSUITABLE:
        return metadata.wrong(name="jwks", zh="没有可用的公钥", en="there is no usable public key in it")
    return refusal


_METHODS: dict[str, Callable[[IdpDeps, OAuthRequest], OAuthResponse]] = {
    "POST": register,
    "GET": read,
    "PUT": update,
    "DELETE": delete,
}
