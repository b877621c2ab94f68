"""Joins the demo's nodes: each county and the city certify each other, with two admins' approval on either side.

Descriptions change hands as bytes, as they would between nodes that do not serve yet; the verification code that two people would
compare over the telephone is computed on both sides from the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosscert import agreements, node_description
from crosscert.ports import CrosscertDeps
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
    introduced = _introduce(subject, to=issuer)
    agreement = agreements.find_live(issuer, subject.node.code) or agreements.request(issuer, introduced, requester=REQUESTER)
    if agreement.state == "requested":
        given = {approval.approver for approval in agreement.approvals}
        for approver in APPROVERS:
            if approver not in given:
                agreement = agreements.approve(issuer, agreement.identifier, approver=approver)
    if agreement.state != "issued":
        agreement = agreements.issue(issuer, agreement.identifier, actor=REQUESTER)
    if agreement.certificate is not None:
        agreements.receive(subject, _introduce(issuer, to=subject), agreement.certificate, actor=REQUESTER)


def _introduce(node: CrosscertDeps, *, to: CrosscertDeps) -> node_description.IntroducedDescription:
    document, _etag = node_description.describe(node)
    return node_description.introduce(document, to.clock.now())
