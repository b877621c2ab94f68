"""Answers the hot machine endpoints before Flask is reached: the same functions, without what only pages need.

Flask costs 35 µs a request; a token, a key set or an OCSP answer costs less than that. Left to others: what is answered
(``idp.dispatch``, ``pki.dispatch``), pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

import structlog

import idp.dispatch
import pki.dispatch
from idp import endpoints
from idp.ports import IdpDeps
from idp.views import entering, going_on
from idp.wire import OAuthResponse
from kernel.clock import monotonic
from kernel.randomness import token
from pki.ports import PkiDeps
from service.door import Door
from service.headers import transport
from service.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger()
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))
_PAGES = frozenset({entering.LOGIN})  # with headers of their own
_WITHOUT_LENGTH = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})  # RFC 9110 8.6


class _Response(Protocol):
    """What an endpoint answers."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...


Handler = Callable[[str, "WSGIEnvironment"], _Response]
"""Answers a request; the text is what follows an address that ends in a slash."""


def table(idp_deps: IdpDeps, pki_deps: PkiDeps, door: Door) -> Mapping[str, Handler]:
    """Return what answers where; an address that ends in a slash stands for everything that begins so."""
    handlers: dict[str, Handler] = {path: partial(_idp, idp_deps, path) for path in idp.dispatch.ENDPOINTS}
    handlers[endpoints.AUTHORIZE] = partial(_or_flask, partial(_authorize, idp_deps), endpoints.AUTHORIZE)
    handlers[entering.LOGIN] = partial(_or_flask, door.answer, entering.LOGIN)
    return handlers | {path: partial(handler, pki_deps) for path, handler in pki.dispatch.ADDRESSES.items()}


def _authorize(deps: IdpDeps, _: str, environ: WSGIEnvironment) -> _Response:
    return going_on.answer(deps, environ).with_headers(*transport(deps.node))


def _or_flask(handler: Handler, path: str, rest: str, environ: WSGIEnvironment) -> _Response:
    try:
        return handler(rest, environ)
    except Exception:  # noqa: BLE001 - Flask tries again and, where that fails as well, shows whoever asked a page
        _log.exception("left_to_flask", endpoint=path)
        return OAuthResponse(500)


def _idp(deps: IdpDeps, path: str, _: str, environ: WSGIEnvironment) -> _Response:
    return idp.dispatch.answer(deps, path, environ)


class FastPath:
    """A WSGI application in front of another."""

    def __init__(self, pages: WSGIApplication, handlers: Mapping[str, Handler], metrics: Metrics) -> None:
        self._pages = pages
        self._handlers = handlers
        self._prefixes = tuple(path for path in handlers if path.endswith("/"))
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or hand it on: what is nobody's here, and a refusal without words."""
        path = environ.get("PATH_INFO", "")
        endpoint = path if path in self._handlers else self._find(path)
        if endpoint is None:
            return self._pages(environ, start_response)
        started = monotonic()
        response = self._answer(endpoint, path, environ)
        status, body = response.status, response.body
        if status >= HTTPStatus.BAD_REQUEST and not body:
            return self._pages(environ, start_response)
        method = environ["REQUEST_METHOD"]
        self._metrics.count(endpoint, method, status, monotonic() - started)
        headers = [*response.headers] if endpoint in _PAGES else [*response.headers, *_ALWAYS]
        if status not in _WITHOUT_LENGTH:
            headers.append(("Content-Length", str(len(body))))
        start_response(_LINES[status], headers)
        # A list, and nothing else, granian hands on whole and wakes its I/O thread once.
        return [] if method == "HEAD" else [body]

    def _find(self, path: str) -> str | None:
        if path.startswith(self._prefixes):
            return next(prefix for prefix in self._prefixes if path.startswith(prefix))
        return None

    def _answer(self, endpoint: str, path: str, environ: WSGIEnvironment) -> _Response:
        try:
            return self._handlers[endpoint](path[len(endpoint) :], environ)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets an opaque answer and the log the rest
            incident = token(6)
            _log.exception("request_failed", incident=incident, endpoint=endpoint)
            body = f'{{"error":"server_error","error_description":"incident {incident}"}}'.encode()
            return OAuthResponse(500, body, (("Content-Type", "application/json"), ("Cache-Control", "no-store")))
