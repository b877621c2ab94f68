"""What the room does by itself, every few minutes: signing keys that are due, and removing what is over. Safe to run twice."""

from __future__ import annotations

from datetime import timedelta

from idp import signing_keys
from idp.ports import IdpDeps

KEPT_SECONDS = 86400
"""How long codes and refresh tokens are remembered past their end, so that a replay is still known for one."""

LOGOUTS_KEPT = timedelta(days=30)
"""How long people and admins see what came of logouts."""


def clean_up(deps: IdpDeps) -> int:
    """Rotate signing keys, remove sessions, codes and logins that are over; return how many rows were removed."""
    signing_keys.rotate(deps)
    with deps.work.begin() as work:
        now = deps.clock.now()
        login_seconds = deps.policies.tokens.login_transaction_seconds
        removed = work.records.clean_up(now, kept_seconds=KEPT_SECONDS, login_seconds=login_seconds)
        return removed + work.records.forget_logouts(now - LOGOUTS_KEPT)
