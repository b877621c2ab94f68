"""Issuing the cross-certificate of an approved agreement: intent, signature, result. Killed in between, it is taken up again.

A certificate that was signed for this agreement already is adopted, not signed twice.

Left to others: approving (``approving``), the form of what is signed (``pki``), what is replaced by it (``renewing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from cryptography import x509

from crosscert.agreements import plans
from crosscert.agreements.states import after
from crosscert.agreements.steps import advance, get, get_in, list_agreements, record, store
from crosscert.constraints import template_of
from crosscert.errors import PLAN_CHANGED
from crosscert.paths.certificates import ParsedCertificate, parse_certificate
from crosscert.plan import verify_after
from crosscert.plan_format import Plan
from crosscert.ports import CrosscertDeps, CrosscertRecords
from crosscert.records import Agreement, CertificateKind, Peer, Relation
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.people import who
from pki import authority
from pki.cross_certificates import PROFILE
from pki.records import CertificateRecord


def issue(deps: CrosscertDeps, identifier: str, *, actor: str) -> Agreement:
    """Issue the cross-certificate of an approved agreement, or finish the issuing that was interrupted; idempotent once issued.

    ``Refusal(plan_changed)`` when something else would become valid than was approved: the agreement then waits for approval again.
    ``Refusal(plan_not_kept)`` when, once issued, something else is valid than was planned.
    """
    actor = who(actor)
    agreement = get(deps, identifier)
    after(agreement.kind, agreement.state, "issue")
    plan = None
    if agreement.state != "issued":
        # 1. Is it still what was approved? Then the intent.
        interrupted = agreement.state == "issuing"
        if not interrupted:
            plan = _check_plan(deps, agreement, actor)
        agreement = _begin_issuing(deps, agreement, actor)
        # 2. The signature, unless an interrupted attempt made it.
        signed = next(iter(_unrecorded(deps, agreement)), None) if interrupted else None
        if signed is None:
            if interrupted:  # who knows how long ago; nothing was signed yet
                plan = _check_plan(deps, agreement, actor)
            template = template_of(agreement.constraints, x509.load_der_x509_certificate(agreement.principal))
            signed = authority.issue_cross_certificate(deps.pki, template, actor=actor)
        # 3. The result, and the peer that it makes known.
        agreement = _finish_issuing(deps, agreement, signed, actor)
    # 4. What an attempt signed that was overtaken must not stand. While another is still at it, a renewal too, this is left to that one.
    if not any(each.state == "issuing" for each in list_agreements(deps, peer_code=agreement.peer.code)):
        for orphan in _unrecorded(deps, agreement):
            with suppress(Refusal):  # the other attempt withdraws it at the same moment
                authority.revoke(deps.pki, orphan.serial, "superseded", deps.clock.now(), actor=actor)
    # 5. What is trusted now is what was planned. One that takes the place of another is not alone yet.
    if plan is not None and agreement.state == "issued" and agreement.replaces is None:
        verify_after(deps, plan, deps.clock.now())
    return agreement


def _check_plan(deps: CrosscertDeps, agreement: Agreement, actor: str) -> Plan:
    plan = plans.plan_of(deps, agreement)
    approved = [each for each in agreement.approvals if each.plan_sha256 == plan.digest]
    if len(approved) < deps.policies.cross_certificates.approvers:
        with deps.work.begin() as work:
            advance(deps, work, agreement, "reopen", actor, details={"plan": plan.digest})
        raise Refusal(PLAN_CHANGED, field="plan")
    return plan


def _begin_issuing(deps: CrosscertDeps, agreement: Agreement, actor: str) -> Agreement:
    with deps.work.begin() as work:
        details: dict[str, Json] = {"attempt": agreement.attempt + 1}
        return advance(deps, work, agreement, "issue", actor, details=details, outcome="intent")


def _finish_issuing(deps: CrosscertDeps, agreement: Agreement, signed: CertificateRecord, actor: str) -> Agreement:
    """Record what was issued, unless another attempt took the issuing over; return how the agreement stands."""
    now = deps.clock.now()
    with deps.work.begin() as work:
        if work.records.finish_issuing(
            agreement.identifier, attempt=agreement.attempt, serial=signed.serial, certificate=signed.der, at=now
        ):
            _make_known(deps, work.records, agreement)
            work.records.raise_generation()
            record(deps, work, agreement, actor, action="finish", details={"serial": signed.serial})
        return get_in(work.records, agreement.identifier)


def _make_known(deps: CrosscertDeps, records: CrosscertRecords, agreement: Agreement) -> None:
    """Store the other side as a peer, with the certificates that paths below it are built of."""
    principal = parse_certificate(agreement.principal)
    relation: Relation = "outside" if agreement.kind == "outside" else "agreed"
    records.put_peer(Peer(agreement.peer, relation, None, principal.key.hex(), crl_urls=agreement.crl_urls))
    for offered in map(parse_certificate, agreement.offers):
        store(deps, records, offered, _kind(offered), agreement.peer.code)
    store(deps, records, principal, "principal", agreement.peer.code)


def _kind(offered: ParsedCertificate) -> CertificateKind:
    if offered.asn1.policy_mappings_value is not None:
        return "cross"
    return "link" if offered.self_issued else "issuing"


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
