"""What every step of an agreement is made of: find it, move it on by the table, tell the audit trail in the same transaction.

Left to others: the table (``states``), what each step decides (the operations).
"""

from __future__ import annotations

from collections.abc import Sequence

from crosscert.agreements.states import Action, after
from crosscert.errors import AGREEMENT_STATE, AGREEMENT_UNKNOWN
from crosscert.paths.certificates import ParsedCertificate
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import Agreement, CertificateKind, Peer, StoredCertificate
from kernel.audit import AuditEvent, Outcome
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import random_bytes
from kernel.work import Work

ENDS = frozenset({"rejected", "revoked", "superseded"})


def new_identifier() -> str:
    """Return an identifier for an agreement."""
    return random_bytes(8).hex()


def get(deps: CrosscertDeps, identifier: str) -> Agreement:
    """Return an agreement; ``Refusal(agreement_unknown)``."""
    with deps.work.read() as work:
        return get_in(work.records, identifier)


def get_in(records: CrosscertRecords, identifier: str) -> Agreement:
    """Return an agreement as this transaction sees it; ``Refusal(agreement_unknown)``."""
    found = records.find_agreement(identifier)
    if found is None:
        raise Refusal(AGREEMENT_UNKNOWN, field="identifier", identifier=identifier)
    return found


def list_agreements(deps: CrosscertDeps, *, peer_code: str | None = None) -> Sequence[Agreement]:
    """Return agreements, the newest request first."""
    with deps.work.read() as work:
        return work.records.agreements(peer_code=peer_code)


def find_live(deps: CrosscertDeps, peer_code: str) -> Agreement | None:
    """Return the agreement by which this node certifies a peer now, or else the one that is open, or None.

    While one takes the place of another it is the new one.
    """
    found = [each for each in list_agreements(deps, peer_code=peer_code) if each.kind != "asked" and each.state not in ENDS]
    issued = [each for each in found if each.state == "issued"]
    replaced = {each.replaces for each in issued}
    return next((each for each in issued if each.identifier not in replaced), found[0] if found else None)


def list_peers(deps: CrosscertDeps) -> Sequence[Peer]:
    """Return the nodes that this one knows, the agreed ones first."""
    with deps.work.read() as work:
        return work.records.peers()


def advance(
    deps: CrosscertDeps,
    work: Work[CrosscertRecords],
    agreement: Agreement,
    action: Action,
    actor: str,
    *,
    details: dict[str, Json] | None = None,
    outcome: Outcome = "ok",
) -> Agreement:
    """Move ``agreement`` on by the table and tell the audit trail; ``Refusal(agreement_state)`` when somebody was first."""
    target = after(agreement.kind, agreement.state, action)
    ended = target in ENDS and target != agreement.state
    if not work.records.move_agreement(
        agreement.identifier,
        before=agreement.state,
        after=target,
        attempt=agreement.attempt,
        at=deps.clock.now() if ended else None,
        by=actor if ended else None,
    ):
        found = get_in(work.records, agreement.identifier)
        raise Refusal(AGREEMENT_STATE, field="state", state=found.state, action=action)
    record(deps, work, agreement, actor, action=action, details=details, outcome=outcome)
    return get_in(work.records, agreement.identifier)


def record(
    deps: CrosscertDeps,
    work: Work[CrosscertRecords],
    agreement: Agreement,
    actor: str,
    *,
    action: str,
    details: dict[str, Json] | None = None,
    outcome: Outcome = "ok",
) -> None:
    """Tell the audit trail of a step."""
    told: dict[str, Json] = {"peer": agreement.peer.code, "kind": agreement.kind, **(details or {})}
    target = f"agreement:{agreement.identifier}"
    work.audit.record(AuditEvent(deps.clock.now(), actor, f"crosscert.{action}", target, outcome, told))


def store(deps: CrosscertDeps, records: CrosscertRecords, found: ParsedCertificate, kind: CertificateKind, code: str) -> bool:
    """Store a certificate of others; False when it is there already."""
    return records.add_certificate(StoredCertificate(found.sha256, kind, code, found.der, deps.clock.now()))
