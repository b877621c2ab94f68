"""Page floods: how often one network address may ask for the pages of one kind in a minute, over all processes where Redis is named.

Beside the count of failed tries, which protects accounts (``idp.people.throttle``), this protects the node: it counts before anything is
looked up or computed. Whoever asks is known by the address that ``proxies`` believes. This machine's own addresses are not counted: behind a
proxy that nobody configured they would be everybody's. Left to others: the numbers (``policies``), machine endpoints in front of Flask.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, current_app, request
from flask_limiter import Limiter, RateLimitExceeded
from limits import parse

from kernel.clock import Clock, timestamp
from kernel.errors import Refusal
from kernel.limiter import counted_as
from policies.assurance_models import FloodRules
from service.errors import FLOODED

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from flask.typing import ResponseReturnValue

_MINUTE = 60
_PREFIX, _SCOPE = "chaoxin", "global"
"""How the counts of Flask's limits are called, so that those in front of it are the same."""
_TAKEN = "chaoxin.flood_counted"
_KINDS = {
    "login": "login",
    "recovery": "login",
    "report": "login",
    "not-me": "login",
    "register": "registration",
    "verify": "verify",
    "api": "api",
}
"""The kinds of pages, by the first part of their paths."""


class Floods:
    """Counts the requests of one application; beyond the rules ``Refusal(flooded)``, which tells when to come back."""

    def __init__(self, rules: FloodRules, clock: Clock, *, redis_url: str | None = None) -> None:
        self._rules, self._clock = rules, clock
        self._limiter = Limiter(
            lambda: _counted(request.path, request.remote_addr or ""),
            application_limits=[lambda: self._limit(request.path)],
            storage_uri=redis_url or "memory://",
            storage_options={"socket_timeout": 1} if redis_url else {},
            strategy="fixed-window",
            key_prefix=_PREFIX,
            in_memory_fallback_enabled=redis_url is not None,  # Redis away: each process counts by itself
        )

    def init_app(self, app: Flask) -> None:
        """Count the requests of ``app``."""
        app.extensions["floods"] = self
        self._limiter.init_app(app)
        # Asked before the limits are looked for: for most pages there are none.
        self._limiter.request_filter(lambda: _TAKEN in request.environ or _is_free(request.path, request.remote_addr or ""))
        app.register_error_handler(RateLimitExceeded, self._refuse)

    def take(self, path: str, environ: WSGIEnvironment) -> bool:
        """Count a request in front of Flask, which counts it no more; False where it is one too many, or cannot be counted here."""
        address = environ.get("REMOTE_ADDR", "")
        if not _is_free(path, address):
            try:
                taken = self._limiter.limiter.hit(parse(self._limit(path)), _PREFIX, _counted(path, address), _SCOPE)
            except Exception:  # noqa: BLE001 - Redis is away: Flask's own counting goes on without it
                return False
            if not taken:
                return False
        environ[_TAKEN] = True
        return True

    def _limit(self, path: str) -> str:
        return f"{getattr(self._rules, _kind(path) or 'login')} per minute"

    def _refuse(self, _: Exception) -> ResponseReturnValue:
        limit = self._limiter.current_limit
        seconds = _MINUTE if limit is None else limit.reset_at - timestamp(self._clock.now())
        return current_app.handle_user_exception(Refusal(FLOODED, seconds=max(1, min(_MINUTE, seconds))))


def _kind(path: str) -> str | None:
    return _KINDS.get(path.partition("/")[2].partition("/")[0])


def _counted(path: str, address: str) -> str:
    return f"{_kind(path)}:{counted_as(address)}"


def _is_free(path: str, address: str) -> bool:
    return _kind(path) is None or _is_here(address)


@lru_cache(maxsize=1024)
def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
