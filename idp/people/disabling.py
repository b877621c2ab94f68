"""Keeps an account out, and lets it in again, within a transaction of whoever decides that.

Left to others: whose decision it is (``administration``, ``directories``), telling departments of sessions that ended (``logout``).
"""

from __future__ import annotations

from datetime import datetime

from idp.errors import ACCOUNT_UNKNOWN
from idp.owed_events import owe
from idp.ports import IdpWork
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal


def disable_within(work: IdpWork, account_id: str, *, actor: str, now: datetime, details: dict[str, Json] | None = None) -> None:
    """Disable an account; its sessions and tokens end at once. ``Refusal(account_unknown)`` when there is none (to disable)."""
    if not work.records.set_disabled(account_id, now) and not work.records.keep_disabled(account_id):
        raise Refusal(ACCOUNT_UNKNOWN)
    owe(work, account_id, "account-disabled", now)
    ended = work.records.end_sessions(account_id, now)
    told = {"sessions": ended, **(details or {})}
    work.audit.record(AuditEvent(now, actor, "idp.disable_account", f"account:{account_id}", details=told))


def enable_within(work: IdpWork, account_id: str, *, actor: str, now: datetime, details: dict[str, Json] | None = None) -> None:
    """Let a disabled account log in again; ``Refusal(account_unknown)`` when there is none (to enable)."""
    if not work.records.set_disabled(account_id, None):
        raise Refusal(ACCOUNT_UNKNOWN)
    owe(work, account_id, "account-enabled", now)
    work.audit.record(AuditEvent(now, actor, "idp.enable_account", f"account:{account_id}", details=details or {}))
