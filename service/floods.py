"""Page floods: how often one network address may ask for the pages of one kind in a minute, over all processes where Redis is named.

Beside the count of failed tries, which protects accounts (``idp.people.throttle``), this protects the node: it counts before anything is
looked up or computed. Whoever asks is known by the address that ``proxies`` believes. This machine's own addresses are not counted: behind a
proxy that nobody configured they would be everybody's. Left to others: the numbers (``policies``), machine endpoints in front of Flask.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, request
from flask_limiter import Limiter, RateLimitExceeded

from kernel.clock import Clock, timestamp
from kernel.errors import Refusal
from kernel.limiter import counted_as
from policies.assurance_models import FloodRules
from service.errors import FLOODED

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

_MINUTE = 60
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


def init_app(app: Flask, rules: FloodRules, clock: Clock, *, redis_url: str | None = None) -> None:
    """Count the requests of ``app``; beyond the rules ``Refusal(flooded)``, which tells when to come back."""

    def kind() -> str | None:
        return _KINDS.get(request.path.partition("/")[2].partition("/")[0])

    limiter = Limiter(
        lambda: f"{kind()}:{counted_as(request.remote_addr or '')}",
        app=app,
        application_limits=[lambda: f"{getattr(rules, kind() or 'login')} per minute"],
        storage_uri=redis_url or "memory://",
        storage_options={"socket_timeout": 1} if redis_url else {},
        strategy="fixed-window",
        key_prefix="chaoxin",
        in_memory_fallback_enabled=redis_url is not None,  # Redis away: each process counts by itself
    )
    # Asked before the limits are looked for: for most pages there are none.
    limiter.request_filter(lambda: kind() is None or _is_here(request.remote_addr or ""))

    @app.errorhandler(RateLimitExceeded)
    def refuse(_: RateLimitExceeded) -> ResponseReturnValue:
        limit = limiter.current_limit
        seconds = _MINUTE if limit is None else limit.reset_at - timestamp(clock.now())
        return app.handle_user_exception(Refusal(FLOODED, seconds=max(1, min(_MINUTE, seconds))))


@lru_cache(maxsize=1024)
def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
