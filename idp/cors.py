"""Which web pages may call which endpoint from a browser (Fetch standard; RFC 9700 2.6).

Only origins that a public client registered, only where its code needs to go; never the authorization endpoint, never cookies.
"""

from __future__ import annotations

from idp import endpoints
from idp.ports import IdpDeps
from idp.wire import OAuthRequest

SHARED = frozenset({endpoints.DISCOVERY, endpoints.JWKS, endpoints.TOKEN, endpoints.USERINFO, endpoints.REVOKE})
"""The endpoints that registered origins may call."""

NOBODYS = (("Vary", "Origin"),)
"""The headers for a request that no web page sent."""

_MAX_ORIGIN = 300
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
    ("Access-Control-Max-Age", "600"),
)


def headers(deps: IdpDeps, path: str, request: OAuthRequest) -> tuple[tuple[str, str], ...]:
    """Return the headers that let the calling page read the answer, or only ``Vary`` when it may not."""
    if path not in SHARED:
        return ()
    vary = NOBODYS
    origin = request.origin
    if origin is None or len(origin) > _MAX_ORIGIN:
        return vary
    with deps.work.look() as work:
        if not work.records.is_origin(origin):
            return vary
    allowed = (("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce"))
    return (*vary, *allowed, *(_PREFLIGHT if request.method == "OPTIONS" else ()))
