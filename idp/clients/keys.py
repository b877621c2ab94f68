"""The public keys that a client signs with: registered with it, or published by it (``jwks_uri``) and kept here for a while.

A key that is not known is looked for where the client publishes, since it may have rotated its keys (OpenID Connect Core 10.1.1);
how often is bounded, for anybody can name an unknown key. Left to others: what is verified with them.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.fetching import fetch
from idp.ports import IdpDeps
from idp.records import Client
from kernel.errors import Refusal
from kernel.limiter import SlidingWindow
from pki import jose
from pki.errors import JWK_UNSUITABLE
from pki.strict_json import parse_object

FRESH = timedelta(minutes=10)
"""How long published keys are used without asking again."""
KEPT = timedelta(hours=24)
"""How long they are used while they cannot be had again."""
FETCHES_PER_MINUTE = 3
_MAX_CLIENTS = 1000
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Held:
    keys: dict[str, jose.JwkKey]
    fetched_at: datetime


@dataclass(slots=True)
class _Shelf:
    """What this process holds, by address; the one held longest goes first."""

    held: OrderedDict[str, _Held] = field(default_factory=OrderedDict)
    fetches: SlidingWindow = field(default_factory=lambda: SlidingWindow(FETCHES_PER_MINUTE))


def find_keys(deps: IdpDeps, client: Client, token: str) -> dict[str, jose.JwkKey]:
    """Return the keys that ``token`` of ``client`` may be verified with; ``Refusal`` when there are none to be had."""
    if client.jwks_uri is None:
        return jose.parse_jwks(client.jwks or {})
    return _published(deps, client.jwks_uri, jose.unverified_header(token).get("kid"))


def _published(deps: IdpDeps, uri: str, kid: object) -> dict[str, jose.JwkKey]:
    shelf: _Shelf = deps.kept.setdefault("client_keys", _Shelf())
    now = deps.clock.now()
    held = shelf.held.get(uri)
    if held is not None and now - held.fetched_at < FRESH and (kid is None or kid in held.keys):
        return held.keys
    try:
        keys = jose.parse_jwks(parse_object(fetch(deps, uri, max_bytes=_MAX_BYTES, window=shelf.fetches), JWK_UNSUITABLE))
    except Refusal:  # what is held may do; else it is told below
        keys = {}
    if keys:
        shelf.held.pop(uri, None)
        shelf.held[uri] = held = _Held(keys, now)
        while len(shelf.held) > _MAX_CLIENTS:
            shelf.held.popitem(last=False)
    if held is None or now - held.fetched_at >= KEPT:
        raise Refusal(JWK_UNSUITABLE, field="jwks_uri", problem="there are no keys to be had from jwks_uri")
    return held.keys
