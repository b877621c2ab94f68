"""The machine endpoints by path, without a framework: called by the Flask views and by the thin dispatcher before them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from idp import cors, discovery, endpoints, jwks
from idp.authorize import pushed_requests
from idp.clients import registration
from idp.device import authorization
from idp.ports import IdpDeps
from idp.tokens import introspection, recurring, revocation, token, userinfo
from idp.wire import OAuthRequest, OAuthResponse, error_response, read_request
from kernel.errors import Refusal

ENDPOINTS: Mapping[str, Callable[[IdpDeps, OAuthRequest], OAuthResponse]] = {
    endpoints.DISCOVERY: discovery.handle,
    endpoints.JWKS: jwks.handle,
    endpoints.PUSHED_REQUEST: pushed_requests.handle,
    endpoints.DEVICE_AUTHORIZATION: authorization.handle,
    endpoints.TOKEN: token.handle,
    endpoints.USERINFO: userinfo.handle,
    endpoints.INTROSPECT: introspection.handle,
    endpoints.REVOKE: revocation.handle,
    endpoints.REGISTER: registration.handle,
}
"""What answers at each path."""

_JSON_BODIES = frozenset({endpoints.REGISTER})
_NO_CONTENT = 204


def answer(deps: IdpDeps, path: str, environ: MutableMapping[str, Any]) -> OAuthResponse:
    """Answer the request of a WSGI environment at ``path``, a key of :data:`ENDPOINTS`. Only our own faults escape."""
    if path == endpoints.TOKEN and (answered := recurring.answer(deps, environ)) is not None:
        return answered.with_headers(*cors.NOBODYS)
    try:
        request = read_request(environ, as_json=path in _JSON_BODIES)
    except Refusal as refusal:
        return error_response(refusal)
    shared = cors.headers(deps, path, request)
    if request.method == "OPTIONS":
        return OAuthResponse(_NO_CONTENT, b"", shared)
    return ENDPOINTS[path](deps, request).with_headers(*shared)
