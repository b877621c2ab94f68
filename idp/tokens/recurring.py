"""Tokens that systems get for themselves (RFC 6749 4.4), asked for in the same words each time: what these came to is remembered.

1. The words: all of a request that its answer depends on. Kept is only their digest: a secret stands in them.
2. What they came to: which client, as it is registered, asks for what. Nothing is parsed or proven a second time.
3. The event is recorded if the client still is what it was, by one statement: another process may have changed it meanwhile.
4. What the database said is believed for a quarter of a second. Within it nothing is asked for, and the event is kept in the spool.
5. The token.

Wherever something may be amiss nothing is done here, and the token endpoint (``token``) takes every step: refusals are its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from idp import endpoints
from idp.clients import secrets
from idp.clients.authentication import recognise
from idp.clients.registry import RECURRING
from idp.ports import IdpDeps
from idp.recent import recent
from idp.records import Client
from idp.tokens import token
from idp.tokens.binding import Binding, prove, token_type
from idp.tokens.grants import client_credentials
from idp.tokens.issue import Issue
from idp.tokens.signed import AccessTokens
from idp.wire import OAuthResponse, encode_json, json_response, read_request
from kernel.errors import Refusal
from kernel.work import Conflict
from pki.client_cert import HEADER

BELIEVED = timedelta(seconds=0.25)
"""How long another process that disables a client may not be noticed here. What was handed out before is good for minutes, whatever is done here."""

_GRANT_TYPE = "client_credentials"
_IN_BODY = b"grant_type=client_credentials"
_DIGITS = 3  # no body of a thousand octets is a usual one
_ASKED_OTHERWISE = ("HTTP_DPOP", "HTTP_ORIGIN", HEADER)
_SAID = ("HTTP_AUTHORIZATION", "CONTENT_TYPE", "QUERY_STRING", "REMOTE_ADDR")
_NO_KEY = Binding()


@dataclass(slots=True)
class _Understood:
    """What words came to; ``standing`` is what the database made of them when it was last asked."""

    client: Client
    secret_hash: bytes = field(repr=False)
    asked: client_credentials.Asked
    standing: _Standing | None = None


class _Standing:
    """A client that was found to be what it was ``since`` then, and what it is given."""

    def __init__(self, deps: IdpDeps, client: Client, issue: Issue, since: datetime) -> None:
        self._tokens = AccessTokens(deps, client, issue)
        self._client, self._issue = client, issue
        rest = {"token_type": token_type({}), "expires_in": self._tokens.seconds, "scope": " ".join(issue.scopes)}
        self._rest = encode_json(rest)[1:]
        self.since = since

    def answer(self, deps: IdpDeps, now: datetime) -> OAuthResponse | None:
        """Give it once more; None where the event cannot be kept but by the database."""
        # 4. Believed.
        if not timedelta() <= now - self.since < BELIEVED:
            return None
        if not deps.spool.append(client_credentials.told(self._client, self._issue, own=deps.issuer, at=now)):
            return None
        return json_response(b'{"access_token":"%b",%b' % (self._tokens.sign(now).encode(), self._rest))


def answer(deps: IdpDeps, environ: MutableMapping[str, Any]) -> OAuthResponse | None:
    """Answer a WSGI environment's request to the token endpoint; None, with the body put back, where that has to take it."""
    words = _read(environ)
    if words is None:
        return None
    remembered = recent(deps, RECURRING)
    understood, now = remembered.get(words), deps.clock.now()
    if isinstance(understood, _Understood) and understood.standing is not None:
        answered = understood.standing.answer(deps, now)
        if answered is not None:
            return answered
    try:
        if not isinstance(understood, _Understood):
            understood = _understand(deps, environ)
            if understood is None:
                return None
            remembered.put(words, understood)
        if not secrets.is_use_noted(deps, understood.secret_hash):
            return None
        # 3. Does it still stand?
        issue = client_credentials.issue_if_it_stands(deps, understood.client, understood.asked)
    except (Conflict, Refusal):
        remembered.forget(words)
        return None
    understood.standing = _Standing(deps, understood.client, issue, now)
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
