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
from idp.ports import IdpDeps
from kernel.clock import monotonic
from kernel.randomness import token
from pki.ports import PkiDeps
from service.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger()
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))
_WITHOUT_LENGTH = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})  # RFC 9110 8.6


class _Response(Protocol):
    """What an endpoint answers."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...


Handler = Callable[["WSGIEnvironment"], _Response | None]
"""Answers a request; None leaves it to the pages, which word a refusal."""


def table(idp_deps: IdpDeps, pki_deps: PkiDeps) -> Mapping[str, Handler]:
    """Return what answers where; an address that ends in a slash stands for everything that begins so."""
    handlers: dict[str, Handler] = {path: partial(idp.dispatch.answer, idp_deps, path) for path in idp.dispatch.ENDPOINTS}
    return handlers | {path: partial(_pki, pki_deps, path) for path in pki.dispatch.ADDRESSES}


def _pki(deps: PkiDeps, path: str, environ: WSGIEnvironment) -> _Response | None:
    found = pki.dispatch.answer(deps, path, environ)
    return found if found.status < HTTPStatus.BAD_REQUEST else None


class FastPath:
    """A WSGI application in front of another."""

    def __init__(self, pages: WSGIApplication, handlers: Mapping[str, Handler], metrics: Metrics) -> None:
        self._pages = pages
        self._handlers = handlers
        self._prefixes = tuple(path for path in handlers if path.endswith("/"))
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or hand it on."""
        endpoint = self._find(environ.get("PATH_INFO", ""))
        if endpoint is None:
            return self._pages(environ, start_response)
        started = monotonic()
        answered = self._answer(endpoint, environ)
        if answered is None:
            return self._pages(environ, start_response)
        status, body, headers = answered
        method = environ["REQUEST_METHOD"]
        self._metrics.count(endpoint, method, status, monotonic() - started)
        length = () if status in _WITHOUT_LENGTH else (("Content-Length", str(len(body))),)
        start_response(_LINES[status], [*headers, *_ALWAYS, *length])
        return () if method == "HEAD" else (body,)

    def _find(self, path: str) -> str | None:
        if path in self._handlers:
            return path
        return next((prefix for prefix in self._prefixes if path.startswith(prefix)), None)

    def _answer(self, endpoint: str, environ: WSGIEnvironment) -> tuple[int, bytes, tuple[tuple[str, str], ...]] | None:
        try:
            response = self._handlers[endpoint](environ)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets an opaque answer and the log the rest
            incident = token(6)
            _log.exception("request_failed", incident=incident, endpoint=endpoint)
            body = f'{{"error":"server_error","error_description":"incident {incident}"}}'.encode()
            return 500, body, (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
        return None if response is None else (response.status, response.body, response.headers)
