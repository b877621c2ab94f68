"""How a mandate stands, asked by a department's system with a token of its own (scope ``mandates``): the signed record and its status.

1. The token is the system's own, still counts, and has the scope, which the system is still registered for.
2. The mandate is one towards that system's department; another department's and an unknown one are one answer.
3. What is told is what was signed, its parties by the identifiers that this system knows them by. Telling it is audited.

Left to others: acting by a mandate (``grants``), the record itself (``enterprises.documents``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from idp.claims.subjects import subject_of
from idp.enterprises import documents
from idp.enterprises.documents import ADDRESS
from idp.enterprises.errors import MANDATE_UNKNOWN
from idp.ports import IdpDeps
from idp.records import Client, Mandate
from idp.tokens.systems import verify_system
from idp.wire import OAuthRequest
from kernel.audit import AuditEvent
from kernel.clock import rfc3339
from kernel.errors import Refusal

SCOPE = "mandates"


def check(deps: IdpDeps, request: OAuthRequest, mandate_id: str) -> dict[str, Any]:
    """Return how a mandate stands; ``Refusal(mandate_unknown)``, or what is wrong with the token."""
    # 1. Who asks?
    client = verify_system(deps, request, ADDRESS + mandate_id, SCOPE)
    now = deps.clock.now()
    with deps.work.note() as work:
        mandate = work.records.find_mandate(mandate_id)
        # 2. Is it theirs to know?
        if mandate is None or client.department not in mandate.departments:
            raise Refusal(MANDATE_UNKNOWN)
        organization = work.records.find_account(mandate.organization_id)
        agent = work.records.find_account(mandate.agent_id)
        disabled = any(party is None or party.disabled_at is not None for party in (organization, agent))
        # 3. The answer.
        answer = _describe(deps, client, mandate, disabled=disabled, now=now)
        details = {"mandate": mandate.id, "status": answer["status"]}
        target = f"account:{mandate.agent_id}"
        work.audit.record(AuditEvent(now, f"client:{client.client_id}", "idp.check_mandate", target, details=details))
    return answer


def _describe(deps: IdpDeps, client: Client, mandate: Mandate, *, disabled: bool, now: datetime) -> dict[str, Any]:
    try:
        signed = documents.verify(deps, mandate)
    except Refusal:
        # Of one whose party closed their account nothing is left that could be shown.
        status = "altered" if mandate.document or mandate.revoked_at is None else "revoked"
        return {"id": mandate.id, "active": False, "status": status, "checked_at": rfc3339(now)}
    status = "disabled" if disabled and mandate.is_in_force(now) else _status(mandate, now)
    document = documents.read(deps, mandate)
    return {
        "id": mandate.id,
        "active": status == "active",
        "status": status,
        "checked_at": rfc3339(now),
        "organization": {"sub": subject_of(deps, client, mandate.organization_id), **signed["organization"]},
        "agent": {"sub": subject_of(deps, client, mandate.agent_id), **signed["agent"]},
        "powers": list(mandate.powers),
        "valid_from": rfc3339(mandate.valid_from),
        "valid_until": rfc3339(mandate.valid_until),
        "revoked_at": None if mandate.revoked_at is None else rfc3339(mandate.revoked_at),
        "record": document,
        "certificates": documents.certificates_of(deps, document),
    }


def _status(mandate: Mandate, now: datetime) -> str:
    if mandate.revoked_at is not None:
        return "revoked"
    if now < mandate.valid_from:
        return "pending"
    return "active" if mandate.is_in_force(now) else "expired"
