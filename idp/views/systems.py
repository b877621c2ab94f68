"""The department's system of the present request, and the challenge that answers one whose token is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from flask import Response, after_this_request, request

from idp.ports import IdpDeps
from idp.records import Client
from idp.tokens.resource import refused
from idp.tokens.systems import verify_system
from idp.wire import OAuthRequest, read_request
from kernel.errors import Refusal

_CHALLENGED = frozenset({401, 403})


class Systems:
    """Tells which system asks, by the access token of the present request."""

    def __init__(self, deps: IdpDeps) -> None:
        self._deps = deps

    def verify(self, scope: str) -> Client:
        """Return the system; ``Refusal`` when the token is not its own, does not count or lacks ``scope``."""
        # The body is the interface's: whatever its media type, no token is looked for in it.
        received = replace(read_request({**request.environ, "REQUEST_METHOD": "GET"}), method=request.method)
        with challenging(self._deps, received):
            return verify_system(self._deps, received, request.path, scope)


@contextmanager
def challenging(deps: IdpDeps, received: OAuthRequest) -> Iterator[None]:
    """Add the challenge of RFC 6750 3 to the answer that a refusal becomes; the problem itself is written where all are."""
    try:
        yield
    except Refusal as refusal:
        if refusal.error.status in _CHALLENGED:
            challenge = dict(refused(deps, received, refusal).headers)["WWW-Authenticate"]
            after_this_request(lambda response: _challenge(response, challenge))
        raise


def _challenge(response: Response, challenge: str) -> Response:
    response.headers["WWW-Authenticate"] = challenge
    return response
