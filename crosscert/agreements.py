"""The decision behind a cross-certificate: requested, approved by two admins who are not the requester, issued, revoked.

1. ``request``: the other node's signed description comes in; the constraints follow from the rules and are shown.
2. ``approve``, twice, after two people have compared the short code.
3. ``issue``: the intent is recorded, the CA signs, the result is recorded. Killed in between, it is taken up again: a certificate
   that was signed for this request already is adopted, not signed twice.
4. ``revoke``: the CA revokes and publishes at once.

On the other side ``receive`` stores what was issued for this node. Left to others: what the constraints are (``constraints``), the
signature (``pki``), fetching from the peer afterwards (``sync``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from cryptography import x509

from crosscert.constraints import constraints_for, template_of
from crosscert.errors import (
    AGREEMENT_OPEN,
    AGREEMENT_STATE,
    AGREEMENT_UNKNOWN,
    APPROVER_UNSUITABLE,
    CROSS_CERTIFICATE_UNSUITABLE,
)
from crosscert.node_description import IntroducedDescription
from crosscert.paths.certificates import ParsedCertificate, is_signed_by, parse_certificate
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import Agreement, Approval, CertificateKind, Peer, StoredCertificate
from kernel.audit import AuditEvent, Outcome
from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Refusal
from kernel.randomness import random_bytes
from kernel.work import Work
from pki import authority
from pki.cross_certificates import PROFILE
from pki.errors import CERTIFICATE_REVOKED_ALREADY
from pki.records import CertificateRecord, Reason

_MAX_WHO = 200


def request(deps: CrosscertDeps, introduced: IntroducedDescription, *, requester: str) -> Agreement:
    """Record that ``requester`` asks this node to certify the introduced one, with the constraints that the rules give.

    ``Refusal`` for a node that cannot be certified, or when a request for it is open.
    """
    description = introduced.description
    now = deps.clock.now()
    agreement = Agreement(
        identifier=random_bytes(8).hex(),
        peer=description.node,
        state="requested",
        requested_by=_who(requester),
        requested_at=now,
        code=introduced.code,
        constraints=constraints_for(deps.policies, deps.node, description.node),
        principal=description.principal.der,
    )
    with deps.work.begin() as work:
        if not work.records.add_agreement(agreement):
            raise Refusal(AGREEMENT_OPEN, code=description.node.code)
        details: dict[str, Json] = {"code": introduced.code, "sha256": description.principal.sha256}
        _record(deps, work, agreement, requester, action="request", details=details)
    return agreement


def approve(deps: CrosscertDeps, identifier: str, *, approver: str) -> Agreement:
    """Record an admin's yes; with the last one that is needed the agreement is approved.

    ``Refusal`` for the requester, for a second yes of one admin, and when the request is no longer open.
    """
    approver = _who(approver)
    with deps.work.begin() as work:
        agreement = _get(work.records, identifier)
        if approver == agreement.requested_by:
            raise Refusal(APPROVER_UNSUITABLE, approver=approver, problem="the requester")
        if agreement.state != "requested":
            raise _wrong_state(agreement, "approve")
        if not work.records.add_approval(identifier, Approval(approver, deps.clock.now())):
            raise Refusal(APPROVER_UNSUITABLE, approver=approver, problem="has approved already")
        _record(deps, work, agreement, approver, action="approve")
        if work.records.count_approvals(identifier) >= deps.policies.cross_certificates.approvers:
            work.records.move_agreement(identifier, before="requested", after="approved", attempt=agreement.attempt)
        return _get(work.records, identifier)


def reject(deps: CrosscertDeps, identifier: str, *, actor: str) -> Agreement:
    """End a request that was not issued yet."""
    with deps.work.begin() as work:
        agreement = _get(work.records, identifier)
        _move(deps, work, agreement, "reject", actor)
        return _get(work.records, identifier)


def issue(deps: CrosscertDeps, identifier: str, *, actor: str) -> Agreement:
    """Issue the cross-certificate of an approved agreement, or finish the issuing that was interrupted; idempotent once issued."""
    # 1. The intent.
    agreement = get(deps, identifier)
    if agreement.state != "issued":
        if agreement.state not in {"approved", "issuing"}:
            raise _wrong_state(agreement, "issue")
        interrupted = agreement.state == "issuing"
        agreement = _begin_issuing(deps, agreement, actor)
        # 2. The signature, unless an interrupted attempt made it.
        record = next(iter(_unrecorded(deps, agreement)), None) if interrupted else None
        if record is None:
            template = template_of(agreement.constraints, x509.load_der_x509_certificate(agreement.principal))
            record = authority.issue_cross_certificate(deps.pki, template, actor=actor)
        # 3. The result, and the peer that it makes known.
        agreement = _finish_issuing(deps, agreement, record, actor)
    # 4. What an attempt signed that was overtaken must not stand. While the other is still at it, this is left to the other.
    if agreement.state == "issued":
        for orphan in _unrecorded(deps, agreement):
            with suppress(Refusal):  # the other attempt withdraws it at the same moment
                authority.revoke(deps.pki, orphan.serial, "superseded", deps.clock.now(), actor=actor)
    return agreement


def _begin_issuing(deps: CrosscertDeps, agreement: Agreement, actor: str) -> Agreement:
    with deps.work.begin() as work:
        if not work.records.move_agreement(
            agreement.identifier, before=agreement.state, after="issuing", attempt=agreement.attempt
        ):
            raise _wrong_state(_get(work.records, agreement.identifier), "issue")
        details: dict[str, Json] = {"attempt": agreement.attempt + 1}
        _record(deps, work, agreement, actor, action="issue", details=details, outcome="intent")
        return _get(work.records, agreement.identifier)


def _finish_issuing(deps: CrosscertDeps, agreement: Agreement, record: CertificateRecord, actor: str) -> Agreement:
    """Record what was issued, unless another attempt took the issuing over; return how the agreement stands."""
    principal = parse_certificate(agreement.principal)
    with deps.work.begin() as work:
        if work.records.finish_issuing(
            agreement.identifier, attempt=agreement.attempt, serial=record.serial, certificate=record.der
        ):
            work.records.put_peer(Peer(agreement.peer, "agreed", None, principal.key.hex()))
            _store(deps, work.records, principal, "principal", agreement.peer.code)
            work.records.raise_generation()
            _record(deps, work, agreement, actor, action="issue", details={"serial": record.serial})
        return _get(work.records, agreement.identifier)


def revoke(deps: CrosscertDeps, identifier: str, *, actor: str, reason: Reason = "cessation_of_operation") -> Agreement:
    """Revoke the cross-certificate and publish that; one admin may do it in an emergency. Repeated after a crash it finishes."""
    agreement = get(deps, identifier)
    if agreement.state != "issued" or agreement.serial is None:
        raise _wrong_state(agreement, "revoke")
    now = deps.clock.now()
    try:
        authority.revoke(deps.pki, agreement.serial, reason, now, actor=actor)
    except Refusal as refusal:
        if refusal.error is not CERTIFICATE_REVOKED_ALREADY:
            raise
    with deps.work.begin() as work:
        if not work.records.move_agreement(identifier, before="issued", after="revoked", attempt=agreement.attempt, at=now):
            raise _wrong_state(_get(work.records, identifier), "revoke")
        work.records.raise_generation()
        _record(deps, work, agreement, actor, action="revoke", details={"serial": agreement.serial, "reason": reason})
        return _get(work.records, identifier)


def receive(deps: CrosscertDeps, introduced: IntroducedDescription, certificate: bytes, *, actor: str) -> ParsedCertificate:
    """Store a cross-certificate that the introduced node issued for this one, to be published; nothing is trusted by it.

    ``Refusal`` when it is not for this node's root, or not by the other's.
    """
    other = introduced.description.principal
    found = parse_certificate(certificate)
    own = parse_certificate(authority.get_principal(deps.pki).der)
    for problem, wrong in (
        ("not signed by that node's principal CA", not is_signed_by(found, other)),
        ("issued by another name", found.issuer != other.subject),
        ("not for this node's principal CA", found.entity != own.entity),
        ("not a CA certificate", not found.is_ca or not found.may_sign_certificates),
        ("expired", found.not_after <= deps.clock.now()),
    ):
        if wrong:
            raise Refusal(CROSS_CERTIFICATE_UNSUITABLE, problem=problem)
    with deps.work.begin() as work:
        if _store(deps, work.records, found, "received", introduced.description.node.code):
            work.records.raise_generation()
            details: dict[str, Json] = {"sha256": found.sha256, "not_after": rfc3339(found.not_after)}
            target = f"node:{introduced.description.node.code}"
            work.audit.record(AuditEvent(deps.clock.now(), actor, "crosscert.receive", target, details=details))
    return found


def get(deps: CrosscertDeps, identifier: str) -> Agreement:
    """Return an agreement; ``Refusal(agreement_unknown)``."""
    with deps.work.read() as work:
        return _get(work.records, identifier)


def list_agreements(deps: CrosscertDeps, *, peer_code: str | None = None) -> Sequence[Agreement]:
    """Return agreements, the newest request first."""
    with deps.work.read() as work:
        return work.records.agreements(peer_code=peer_code)


def find_live(deps: CrosscertDeps, peer_code: str) -> Agreement | None:
    """Return the agreement by which a node is certified now, or else the one that is open, or None."""
    found = [each for each in list_agreements(deps, peer_code=peer_code) if each.state not in {"rejected", "revoked"}]
    return next((each for each in found if each.state == "issued"), found[0] if found else None)


def list_peers(deps: CrosscertDeps) -> Sequence[Peer]:
    """Return the nodes that this one knows, the agreed ones first."""
    with deps.work.read() as work:
        return work.records.peers()


def _get(records: CrosscertRecords, identifier: str) -> Agreement:
    found = records.find_agreement(identifier)
    if found is None:
        raise Refusal(AGREEMENT_UNKNOWN, field="identifier", identifier=identifier)
    return found


def _move(deps: CrosscertDeps, work: Work[CrosscertRecords], agreement: Agreement, action: str, actor: str) -> None:
    allowed = agreement.state in {"requested", "approved"}
    now = deps.clock.now()
    if not allowed or not work.records.move_agreement(
        agreement.identifier, before=agreement.state, after="rejected", attempt=agreement.attempt, at=now
    ):
        raise _wrong_state(agreement, action)
    _record(deps, work, agreement, actor, action=action)


def _unrecorded(deps: CrosscertDeps, agreement: Agreement) -> Sequence[CertificateRecord]:
    """Return the standing cross-certificates for the same root that no agreement records: signed by attempts that did not finish."""
    wanted = parse_certificate(agreement.principal)
    with deps.pki.work.read() as work:
        signed = [
            record
            for record in work.records.certificates(profile=PROFILE)
            if record.revoked_at is None and parse_certificate(record.der).entity == wanted.entity
        ]
    taken = {each.serial for each in list_agreements(deps, peer_code=agreement.peer.code)}
    return [record for record in signed if record.serial not in taken]


def _store(deps: CrosscertDeps, records: CrosscertRecords, found: ParsedCertificate, kind: CertificateKind, code: str) -> bool:
    return records.add_certificate(StoredCertificate(found.sha256, kind, code, found.der, deps.clock.now()))


def _record(
    deps: CrosscertDeps,
    work: Work[CrosscertRecords],
    agreement: Agreement,
    actor: str,
    *,
    action: str,
    details: dict[str, Json] | None = None,
    outcome: Outcome = "ok",
) -> None:
    told: dict[str, Json] = {"peer": agreement.peer.code, **(details or {})}
    target = f"agreement:{agreement.identifier}"
    work.audit.record(AuditEvent(deps.clock.now(), actor, f"crosscert.{action}", target, outcome, told))


def _who(name: str) -> str:
    who = name.strip()
    if not who or len(who) > _MAX_WHO:
        raise Refusal(APPROVER_UNSUITABLE, approver=who[:_MAX_WHO], problem="no name")
    return who


def _wrong_state(agreement: Agreement, action: str) -> Refusal:
    return Refusal(AGREEMENT_STATE, state=agreement.state, action=action)
