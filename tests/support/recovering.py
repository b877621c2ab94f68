"""The forms of recovery, reports and account events: where they go; and a recovery that a clerk begins."""

from __future__ import annotations

from idp.ports import IdpDeps
from idp.recovery import window

RECOVERY_FORMS = (
    "/recovery",
    "/recovery/again",
    "/recovery/code",
    "/recovery/passkey",
    "/recovery/password",
    "/recovery/proof",
    "/recovery/register",
    "/recovery/window",
    "/report",
)
"""Filled by strangers."""

OTHER_FORMS = ("/recovery/restart", "/account/recovery/cancel", "/login/second-factor/send", "/api/v1/account-events")
"""They hold nothing, or one token: tried in ``recovery``, ``interaction`` and ``events``."""


def start_at_window(deps: IdpDeps, account_id: str) -> str:
    """Begin a recovery as a clerk does, and return the code on the slip."""
    with deps.work.begin() as work:
        return window.start(work, deps, account_id, actor="account:clerk")
