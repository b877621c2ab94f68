"""Answers the hot machine endpoints before Flask is reached: the same functions, without what only pages need.

Flask costs 35 µs a request; a token or a key set costs less than that. Left to others: what is answered (``idp.dispatch``), pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog

from idp import dispatch
from idp.ports import IdpDeps
from kernel.clock import monotonic
from kernel.randomness import token
from service.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger()
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))


class FastPath:
    """A WSGI application in front of another."""

    def __init__(self, pages: WSGIApplication, deps: IdpDeps, metrics: Metrics) -> None:
        self._pages = pages
        self._deps = deps
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or hand it on."""
        path = environ.get("PATH_INFO", "")
        if path not in dispatch.ENDPOINTS:
            return self._pages(environ, start_response)
        started = monotonic()
        status, body, headers = self._answer(path, environ)
        self._metrics.count(path, environ["REQUEST_METHOD"], status, monotonic() - started)
        start_response(_LINES[status], [*headers, *_ALWAYS, ("Content-Length", str(len(body)))])
        return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)

    def _answer(self, path: str, environ: WSGIEnvironment) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
        try:
            response = dispatch.answer(self._deps, path, environ)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets an opaque answer and the log the rest
            incident = token(6)
            _log.exception("request_failed", incident=incident, endpoint=path)
            body = f'{{"error":"server_error","error_description":"incident {incident}"}}'.encode()
            return 500, body, (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
        return response.status, response.body, response.headers
