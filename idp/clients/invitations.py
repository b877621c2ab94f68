"""Initial access tokens (RFC 7591 3): an admin lets a department register its systems by itself, so many, for so long.

Left to others: what such a system may be (``policies``), registering it (``registration``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from idp.errors import CLIENT_UNSUITABLE, INVITATION_UNKNOWN
from idp.hashes import digest
from idp.ports import IdpDeps
from idp.records import Invitation
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.identifiers import is_uscc
from kernel.randomness import token


def invite(deps: IdpDeps, department: str, *, uses: int, hours: int, actor: str) -> str:
    """Return a new initial access token for ``department``: it is not shown again. ``Refusal`` beyond what policies allow."""
    rules = deps.policies.clients.registration
    for name, fault, zh, en in (
        ("department", not is_uscc(department), "不是统一社会信用代码", "not a unified social credit code"),
        ("uses", not 0 < uses <= rules.max_uses, f"须为 1 至 {rules.max_uses}", f"1 to {rules.max_uses}"),
        ("hours", not 0 < hours <= rules.max_hours, f"须为 1 至 {rules.max_hours}", f"1 to {rules.max_hours}"),
    ):
        if fault:
            raise Refusal(CLIENT_UNSUITABLE, field=name, name=name, problem_zh=zh, problem_en=en)
    value = token()
    now = deps.clock.now()
    invitation = Invitation(digest(value), department, uses, now, now + timedelta(hours=hours))
    with deps.work.begin() as work:
        work.records.add_invitation(invitation)
        target = f"invitation:{name_of(invitation)}"
        details: dict[str, Json] = {"department": department, "uses": uses, "hours": hours}
        work.audit.record(AuditEvent(now, actor, "idp.invite_client", target, details=details))
    return value


def open_invitations(deps: IdpDeps) -> Sequence[Invitation]:
    """Return the initial access tokens that may still be used, oldest first."""
    with deps.work.read() as work:
        return work.records.invitations(deps.clock.now())


def get(deps: IdpDeps, name: str) -> Invitation:
    """Return the one of this name that may still be used; ``Refusal(invitation_unknown)``."""
    found = next((one for one in open_invitations(deps) if name_of(one) == name), None)
    if found is None:
        raise Refusal(INVITATION_UNKNOWN, field="name")
    return found


def withdraw(deps: IdpDeps, name: str, *, actor: str) -> None:
    """Let an initial access token not count any more; what was registered with it stays."""
    invitation = get(deps, name)
    now = deps.clock.now()
    with deps.work.begin() as work:
        if not work.records.end_invitation(invitation.token_hash, now):
            raise Refusal(INVITATION_UNKNOWN, field="name")
        work.audit.record(AuditEvent(now, actor, "idp.withdraw_invitation", f"invitation:{name}"))


def name_of(invitation: Invitation) -> str:
    """Return what an initial access token is called, on the audit trail too."""
    return invitation.token_hash.hex()[:16]
