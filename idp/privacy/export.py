"""Everything that is kept about a person, in one value: for a file that machines read, and for a page.

What would open their account (hashes, secrets, keys) is not data about them and stays out; so do their licences' documents, which they
take from their own page. Left to others: the forms (``views``), who may ask (a fresh login, ``authenticators.changing``).
"""

from __future__ import annotations

from typing import Any

from idp import notices
from idp.authenticators import changing
from idp.browsers import sessions
from idp.browsers.devices import device_name
from idp.browsers.sessions import Current
from idp.interaction import consent
from idp.ports import IdpDeps
from idp.privacy import history
from kernel.audit import AuditEvent
from kernel.clock import rfc3339

FORMAT = "chaoxin-person-1"
_MOST_ENTRIES = 10_000


def export(deps: IdpDeps, current: Current) -> dict[str, Any]:
    """Return all of it, newest first where there is an order; ``Refusal`` without a fresh login. That it was taken is audited."""
    changing.check_fresh(deps, current)
    account, who = current.account, f"account:{current.account.id}"
    with deps.work.begin() as work:
        verifications = work.records.verifications(account.id)
        authenticators = work.records.authenticators(account.id)
        mandates = [*work.records.mandates(agent_id=account.id), *work.records.mandates(organization_id=account.id)]
        code_uses = work.records.code_uses(account.id)
        work.audit.record(AuditEvent(deps.clock.now(), who, "idp.export_person", who))
    licenses = deps.holder_licenses.of(account.holder_id) if account.holder_id else ()
    return {
        "format": FORMAT,
        "exported_at": rfc3339(deps.clock.now()),
        "account": {
            "sub": account.id,
            "username": account.username,
            "kind": account.kind,
            "name": account.name,
            "resident_id": account.resident_id,
            "uscc": account.uscc,
            "phone": account.phone,
            "email": account.email,
            "address": account.address,
            "confirmed": list(account.confirmed),
            "real_name_level": account.real_name_level,
            "organization": account.organization,
            "department": account.department,
            "roles": list(account.roles),
            "created_at": None if account.created_at is None else rfc3339(account.created_at),
        },
        "verifications": [
            {"level": one.level, "method": one.method, "claims": list(one.claims), "at": rfc3339(one.verified_at)}
            for one in verifications
        ],
        "authenticators": [
            {
                "kind": one.kind,
                "name": one.name,
                "created_at": rfc3339(one.created_at),
                "last_used_at": None if one.last_used_at is None else rfc3339(one.last_used_at),
            }
            for one in authenticators
        ],
        "codes_last_used": {channel: rfc3339(at) for channel, at in code_uses.items()},
        "sessions": [
            {"at": rfc3339(one.session.auth_time), "address": one.device.address, "device": device_name(one.device.agent)}
            for one in sessions.listed(deps, account.id)
        ],
        "departments": [
            {
                "system": one.client.name,
                "department": one.client.department,
                "claims": list(one.consent.told),
                "since": rfc3339(one.consent.granted_at),
                "agreed": one.agreed,
            }
            for one in consent.agreements(deps, account.id)
        ],
        "mandates": [
            {
                "id": one.id,
                "organization": one.organization_id,
                "agent": one.agent_id,
                "departments": list(one.departments),
                "powers": list(one.powers),
                "from": rfc3339(one.valid_from),
                "until": rfc3339(one.valid_until),
                "revoked_at": None if one.revoked_at is None else rfc3339(one.revoked_at),
            }
            for one in mandates
        ],
        "messages": [
            {"at": rfc3339(one.at), "text": one.text.as_json()} for one in notices.told(deps, account.id, limit=_MOST_ENTRIES)
        ],
        "licenses": [{"type": one.type_name, "number": one.number, "identifier": one.identifier} for one in licenses],
        "history": [
            {
                "at": rfc3339(one.at),
                "kind": one.kind,
                "what": one.what.as_json(),
                "refused": one.refused,
                "by": one.by.as_json(),
                "purpose": None if one.purpose is None else one.purpose.as_json(),
                "of": [each.as_json() for each in one.of],
            }
            for one in history.read(deps, account, limit=_MOST_ENTRIES)
        ],
    }
