"""Cross-certificates that others issued for this node: taken in to be published, never to trust anybody by them.

Left to others: asking for them (``asking``), fetching descriptions (``federation.sync``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from crosscert.agreements.states import after
from crosscert.agreements.steps import advance, get, list_agreements, store
from crosscert.description_format import parse
from crosscert.errors import CROSS_CERTIFICATE_UNSUITABLE
from crosscert.paths.certificates import ParsedCertificate, is_signed_by, parse_certificate
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement, SyncedObject
from kernel.clock import rfc3339
from kernel.errors import Refusal
from kernel.people import who
from pki import authority

MOST_PUBLISHED = 20
"""How many certificates of one peer are taken in unasked: this node publishes them in turn, and its description must stay readable."""


def receive(deps: CrosscertDeps, identifier: str, certificate: bytes, *, actor: str) -> ParsedCertificate:
    """Store the cross-certificate that this node asked for, to be published; a renewed one comes in by the same request.

    ``Refusal`` when it is not for this node's root, or not by the one that was asked.
    """
    actor, agreement = who(actor), get(deps, identifier)
    after(agreement.kind, agreement.state, "receive")
    found = parse_certificate(certificate)
    _check(deps, agreement, found)
    with deps.work.begin() as work:
        if store(deps, work.records, found, "received", agreement.peer.code):
            work.records.raise_generation()
        advance(deps, work, agreement, "receive", actor, details={"sha256": found.sha256, "not_after": rfc3339(found.not_after)})
    return found


def receive_published(deps: CrosscertDeps) -> Sequence[ParsedCertificate]:
    """Take in what the nodes that were asked publish for this one in their descriptions, as last fetched; of each no more than counts."""
    taken = []
    for agreement in list_agreements(deps):
        if agreement.kind != "asked" or agreement.state not in {"compared", "received"}:
            continue
        with deps.work.read() as work:
            held = work.records.find_object(agreement.peer.code, "description")
            known = {each.sha256: each.node_code for each in work.records.certificates(kind="received")}
        left = MOST_PUBLISHED - list(known.values()).count(agreement.peer.code)
        for found in _issued(held):
            if found.sha256 not in known and left > 0:
                with suppress(Refusal):  # those for others
                    taken.append(receive(deps, agreement.identifier, found.der, actor="system"))
                    left -= 1
    return taken


def _issued(held: SyncedObject | None) -> Sequence[ParsedCertificate]:
    """Return what a description names; nothing for one that was kept under rules that have become stricter since."""
    try:
        return () if held is None else parse(held.data).issued
    except Refusal:
        return ()


def _check(deps: CrosscertDeps, agreement: Agreement, found: ParsedCertificate) -> None:
    other = parse_certificate(agreement.principal)
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
