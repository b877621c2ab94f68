"""Joins the demo's nodes: each county and the city certify each other, with two admins' approval on either side.

Requests change hands as bytes, as they would between nodes that do not serve yet; the code that two people would read to each other
over the telephone is carried over here.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosscert import agreements, node_description
from crosscert.agreements import plans
from crosscert.constraints import everything
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement
from service.wiring import Services

REQUESTER = "operator:demo"
APPROVERS = ("account:demo-admin-1", "account:demo-admin-2")


def cross_certify(nodes: Mapping[str, Services], *, bridge: str) -> None:
    """Bring every pair of the bridge and another node to where both hold the other's cross-certificate."""
    center = nodes[bridge].crosscert
    for code, services in nodes.items():
        if code != bridge:
            _certify(center, services.crosscert)
            _certify(services.crosscert, center)


def _certify(issuer: CrosscertDeps, subject: CrosscertDeps) -> None:
    asked, taken = _find_asked(subject, issuer), agreements.find_live(issuer, subject.node.code)
    if asked is None or taken is None:
        if asked is not None:  # killed before the request was taken in: its document is gone
            agreements.reject(subject, asked.identifier, actor=REQUESTER)
        asked, taken = _request(issuer, subject)
    if taken.state == "requested":
        taken = agreements.confirm(issuer, taken.identifier, asked.code, actor=REQUESTER)
    if asked.state == "requested":
        agreements.confirm(subject, asked.identifier, taken.code, actor=REQUESTER)
    if taken.state == "compared":
        taken = _approve(issuer, taken)
    if taken.state != "issued":
        taken = agreements.issue(issuer, taken.identifier, actor=REQUESTER)
    if asked.state != "received" and taken.certificate is not None:
        agreements.receive(subject, asked.identifier, taken.certificate, actor=REQUESTER)


def _find_asked(subject: CrosscertDeps, issuer: CrosscertDeps) -> Agreement | None:
    found = agreements.list_agreements(subject, peer_code=issuer.node.code)
    return next((each for each in found if each.kind == "asked" and each.state != "rejected"), None)


def _request(issuer: CrosscertDeps, subject: CrosscertDeps) -> tuple[Agreement, Agreement]:
    document, _etag = node_description.describe(issuer)
    introduced = node_description.introduce(document, subject.clock.now())
    wish = everything(subject.policies, subject.node, issuer.node)
    asked, request = agreements.ask(subject, introduced, wish, requester=REQUESTER)
    return asked, agreements.take(issuer, request, requester=REQUESTER)


def _approve(issuer: CrosscertDeps, agreement: Agreement) -> Agreement:
    plan = plans.plan_of(issuer, agreement).digest
    for approver in APPROVERS:
        if approver not in {approval.approver for approval in agreement.approvals if approval.plan_sha256 == plan}:
            agreement = agreements.approve(issuer, agreement.identifier, approver=approver, plan_sha256=plan)
    return agreement
