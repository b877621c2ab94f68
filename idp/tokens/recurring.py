"""Tokens that systems get for themselves (RFC 6749 4.4), asked for in the same words each time: what these came to is remembered.

1. The words: all of a request that its answer depends on. Kept is only their digest: a secret stands in them.
2. What they came to: which client, as it is registered, asks for what. Nothing is parsed or proven a second time.
3. The event is recorded if the client still is what it was, by one statement: another process may have changed it meanwhile.
4. The token.

Wherever something may be amiss nothing is done here, and the token endpoint (``token``) takes every step: refusals are its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from idp import endpoints
from idp.clients import secrets
from idp.clients.authentication import recognise
from idp.ports import IdpDeps
from idp.records import Client
from idp.signing_keys import Recent
from idp.tokens import token
from idp.tokens.binding import Binding, prove
from idp.tokens.grants import client_credentials
from idp.wire import OAuthResponse, json_response, read_request
from kernel.errors import Refusal
from kernel.work import Conflict
from pki.client_cert import HEADER

_KEPT = "recurring"
_GRANT_TYPE = "client_credentials"
_IN_BODY = b"grant_type=client_credentials"
_DIGITS = 3  # no body of a thousand octets is a usual one
_ASKED_OTHERWISE = ("HTTP_DPOP", "HTTP_ORIGIN", HEADER)
_SAID = ("HTTP_AUTHORIZATION", "CONTENT_TYPE", "QUERY_STRING", "REMOTE_ADDR")
_NO_KEY = Binding()


@dataclass(frozen=True, slots=True)
class _Understood:
    """What words came to."""

    client: Client
    secret_hash: bytes = field(repr=False)
    asked: client_credentials.Asked


def answer(deps: IdpDeps, environ: MutableMapping[str, Any]) -> OAuthResponse | None:
    """Answer a WSGI environment's request to the token endpoint; None, with the body put back, where that has to take it."""
    words = _read(environ)
    if words is None:
        return None
    remembered: Recent = deps.kept.setdefault(_KEPT, Recent())
    understood = remembered.get(words)
    try:
        if not isinstance(understood, _Understood):
            understood = _understand(deps, environ)
            if understood is None:
                return None
            remembered.put(words, understood)
        if not secrets.is_use_noted(deps, understood.secret_hash):
            return None
        issue = client_credentials.issue_if_it_stands(deps, understood.client, understood.asked)
    except (Conflict, Refusal):
        remembered.forget(words)
        return None
    return json_response(token.sign(deps, understood.client, issue, _NO_KEY))


def _read(environ: MutableMapping[str, Any]) -> str | None:
    # 1. The words.
    length = environ.get("CONTENT_LENGTH") or "0"
    if environ["REQUEST_METHOD"] != "POST" or not (length.isascii() and length.isdigit()) or len(length) > _DIGITS:
        return None
    for name in _ASKED_OTHERWISE:
        if name in environ:
            return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    if _IN_BODY not in body:
        return None
    said = "\0".join([environ.get(name, "") for name in _SAID])  # no header holds that character
    return hashlib.sha256(said.encode("latin-1") + b"\0" + body).hexdigest()


def _understand(deps: IdpDeps, environ: MutableMapping[str, Any]) -> _Understood | None:
    # 2. What they came to.
    try:
        request = read_request(environ)
    finally:
        environ["wsgi.input"].seek(0)
    request.form.check_none_doubled()
    recognised = recognise(deps, request)
    if recognised is None or request.form.get("grant_type") != _GRANT_TYPE:
        return None
    client, secret_hash = recognised
    token.check_grant_type(client, _GRANT_TYPE)
    prove(deps, client, request, endpoints.TOKEN)  # refused where a key has to be held
    return _Understood(client, secret_hash, client_credentials.read(client, request.form))
