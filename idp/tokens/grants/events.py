"""The audit event of a grant that was redeemed or refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from idp.records import Client, Grant
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import ErrorCode


def event(
    client: Client,
    action: str,
    grant: Grant | None,
    now: datetime,
    *,
    fault: ErrorCode | None = None,
    details: Mapping[str, Json] | None = None,
) -> AuditEvent:
    """Return the event of what ``client`` did with ``grant``; ``fault`` is why it was refused."""
    target = "grant:unknown" if grant is None else f"grant:{grant.id}"
    actor = f"client:{client.client_id}"
    if fault is None:
        return AuditEvent(now, actor, action, target, details=details or {})
    return AuditEvent(now, actor, action, target, outcome="refused", details={"code": fault.code, **(details or {})})
