"""How agreements and peers are told: as JSON, and as lines for people. Left to others: which ones, and when."""

from __future__ import annotations

from typing import Any

from crosscert.agreements import review_until, shown_code, shown_fingerprint
from crosscert.federation.standings import Standing
from crosscert.paths.certificates import parse_certificate
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement
from kernel.clock import rfc3339

_WORDS = {
    "requested": "待核对 requested",
    "compared": "待批准 compared",
    "approved": "已批准 approved",
    "issuing": "签发中 issuing",
    "issued": "已签发 issued",
    "received": "已收到 received",
    "rejected": "已驳回 rejected",
    "superseded": "已更替 superseded",
    "revoked": "已吊销 revoked",
}
_KINDS = {"node": "←", "asked": "→", "outside": "⇠"}
"""Who asked whom: a node this one, this one a node, nobody (a CA outside)."""


def agreement_json(deps: CrosscertDeps, found: Agreement) -> dict[str, Any]:
    """Return the JSON form of an agreement."""
    constraints, until = found.constraints, review_until(deps, found)
    principal = parse_certificate(found.principal).as_json()
    return {
        "identifier": found.identifier,
        "kind": found.kind,
        "peer": {"code": found.peer.code, "name": found.peer.name, "url": found.peer.url},
        "state": found.state,
        "code": shown_code(found),
        "requested_by": found.requested_by,
        "requested_at": rfc3339(found.requested_at),
        "replaces": found.replaces,
        "approvals": [
            {"approver": each.approver, "at": rfc3339(each.at), "plan_sha256": each.plan_sha256} for each in found.approvals
        ],
        "principal": {**principal, "sha256": shown_fingerprint(found)},
        "serial": found.serial,
        "crl_urls": list(found.crl_urls),
        "constraints": {
            "path_length": constraints.path_length,
            "permitted_names": [dict(names) for names in constraints.permitted_names],
            "permitted_dns": list(constraints.permitted_dns),
            "permitted_uris": list(constraints.permitted_uris),
            "mappings": [list(pair) for pair in constraints.mappings],
            "inhibit_policy_mapping": constraints.inhibit_policy_mapping,
            "validity_days": constraints.validity_days,
        },
        "ended_by": found.ended_by,
        "reviewed_by": found.reviewed_by,
        "review_until": None if until is None else rfc3339(until),
    }


def agreement_line(deps: CrosscertDeps, found: Agreement) -> str:
    """Return an agreement in one line, with what is waited for."""
    until = review_until(deps, found)
    overdue = until is not None and until <= deps.clock.now()
    review = (
        ""
        if until is None
        else f"  {'！复核逾期 review overdue since' if overdue else '待复核 to be reviewed until'} {rfc3339(until)}"
    )
    head = f"{found.identifier}  {_KINDS[found.kind]} {found.peer.code} {found.peer.name}"
    return f"{head}  {_WORDS[found.state]}  {len(found.approvals)} ✓{review}"


def agreement_text(deps: CrosscertDeps, found: Agreement) -> str:
    """Return an agreement with the limits of its cross-certificate."""
    constraints = found.constraints
    return "\n".join(
        [
            agreement_line(deps, found),
            f"  核对码 code to compare: {shown_code(found) or '请对方读出 to be read out by the other side'}",
            f"  根证书 principal: {shown_fingerprint(found) or '请查对方公布的值 as it publishes it'}",
            *(f"  允许的名称 permitted: {', '.join('='.join(pair) for pair in names)}" for names in constraints.permitted_names),
            f"  允许的主机 permitted hosts: {', '.join(constraints.permitted_dns)}",
            *(f"  策略映射 mapping: {ours} = {theirs}" for ours, theirs in constraints.mappings),
            f"  pathLenConstraint {constraints.path_length}, inhibitPolicyMapping {constraints.inhibit_policy_mapping}",
            f"  {constraints.validity_days} d",
        ]
    )


def peer_json(standing: Standing) -> dict[str, Any]:
    """Return the JSON form of a peer and how it stands."""
    peer = standing.peer
    return {
        "code": peer.node.code,
        "name": peer.node.name,
        "level": peer.node.level,
        "url": peer.node.url,
        "relation": peer.relation,
        "learned_from": peer.learned_from,
        **standing.as_json(),
    }


def peer_lines(standing: Standing) -> str:
    """Return a peer in one line, with one more for each problem."""
    peer = standing.peer
    heard = "—" if peer.last_ok_at is None else rfc3339(peer.last_ok_at)
    lines = [f"{peer.node.code} {peer.node.name}  {peer.node.url}  {peer.relation}  {heard}"]
    if standing.failing:
        lines.append(f"  仍信任 still relied on: {standing.seconds_left} s")
    return "\n".join([*lines, *(f"  ! {problem}" for problem in standing.problems)])
