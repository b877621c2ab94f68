"""The forms of recovery, reports and account events: where they go."""

from __future__ import annotations

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
