"""Answers another node's question: which licences a holder has here, for the holder who looks at them there.

1. The question is a trusted node's, for this node, of just now. 2. What is told stands on the audit trail, and the holder sees it.
3. The answer is signed, for the asker alone.

Left to others: HTTP (``views``), the form (``messages``).
"""

from __future__ import annotations

from datetime import datetime

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from licenses.elsewhere.messages import ANSWER, MOST, QUESTION, Card, sign, verify
from licenses.errors.fetching import NODE_MESSAGE
from licenses.held import newest
from licenses.kinds import kind_of
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from licenses.status import shown_status


def answer(deps: LicenseDeps, question: bytes) -> str:
    """Return the signed answer; ``Refusal`` for whatever is no question of a trusted node."""
    now = deps.clock.now()
    # 1.
    asked = verify(deps, question, QUESTION, now)
    holder_id = asked.claims.get("holder")
    if not isinstance(holder_id, str) or asked.node.code == deps.node.code:
        raise Refusal(NODE_MESSAGE, problem="holder")
    # 2.
    details: dict[str, Json] = {"node": asked.node.code, "name": asked.node.name}
    actor = f"node:{asked.node.code}"
    with deps.work.begin() as work:
        held = newest(work.records.held_by(holder_id))[:MOST]
        targets = [f"license:{one.identifier}" for one in held] or [f"node:{asked.node.code}"]
        work.audit.record_all([AuditEvent(now, actor, "licenses.tell_node", target, details=details) for target in targets])
    # 3.
    told = [_card(deps, one, now).as_json() for one in held]
    return sign(deps, ANSWER, asked.node, {"jti": asked.claims["jti"], "licenses": told}, now)


def _card(deps: LicenseDeps, record: LicenseRecord, now: datetime) -> Card:
    kind = kind_of(deps, record)
    names = (kind.name.zh, kind.name.en, record.issuer_name, shown_status(record, now), kind.accent)
    return Card(record.identifier, record.number, *names, record.valid_to)
