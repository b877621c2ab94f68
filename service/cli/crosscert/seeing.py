"""``chaoxin crosscert graph|plan|breaks|explain``: what is trusted, what a change would do, why. None of them changes anything.

Left to others: the workflow (``crosscert``), every decision (``crosscert.graph``, ``crosscert.plan``).
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from crosscert import agreements, node_description
from crosscert.agreements.plans import plan_of
from crosscert.constraints import constraints_for
from crosscert.description_format import MAX_BYTES
from crosscert.errors import CERTIFICATE_UNREADABLE
from crosscert.graph.edges import constraints_json, is_cross
from crosscert.graph.explanation import Explanation, explain_certificate, explain_node
from crosscert.graph.svg import draw
from crosscert.graph.view import Graph, GraphEdge, GraphNode, see
from crosscert.paths import encodings
from crosscert.paths.crls import MAX_CRL_BYTES
from crosscert.plan import plan_issue, plan_revoke
from crosscert.plan_format import Plan
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.nodes import is_area_code
from service.cli.options import EXIT_NO, emit, json_option, pass_services, writing
from service.wiring import Services


@click.command
@pass_services
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into this file.")
@json_option
def graph(services: Services, svg: Path | None, as_json: bool) -> None:
    """Show who certifies whom, within which limits, and what this node trusts of each."""
    found = see(services.crosscert, services.clock.now())
    if svg is not None:
        with writing(svg):
            svg.write_text(draw(found, services.crosscert.policies), encoding="utf-8")
    emit(found.as_json(), as_json, lambda: _graph_text(found))


@click.command
@pass_services
@click.argument("identifier", required=False)
@click.option("--peer-description", type=click.File("rb"), help="Plan for this node's description, before any agreement.")
@json_option
def plan(services: Services, identifier: str | None, peer_description: BinaryIO | None, as_json: bool) -> None:
    """Show what an agreement, or certifying a node, would make valid and what not. Exit 1 when it would accept what it must not."""
    deps, now = services.crosscert, services.clock.now()
    if (identifier is None) == (peer_description is None):
        message = "an agreement's identifier or --peer-description, one of them"
        raise click.UsageError(message)
    if peer_description is None:
        found = plan_of(deps, agreements.get(deps, identifier or ""))
    else:
        other = node_description.introduce(peer_description.read(MAX_BYTES + 1).strip(), now).description
        constraints = constraints_for(deps.policies, deps.node, other.node)
        found = plan_issue(deps, constraints, other.principal.der, now, offers=[each.der for each in other.certificates])
    _tell(found, as_json=as_json)


@click.command
@pass_services
@click.argument("edge")
@json_option
def breaks(services: Services, edge: str, as_json: bool) -> None:
    """Show what breaks when the cross-certificate with this serial or SHA-256 is revoked."""
    _tell(plan_revoke(services.crosscert, edge, services.clock.now()), as_json=as_json)


@click.command
@pass_services
@click.argument("target")
@json_option
@click.pass_context
def explain(context: click.Context, services: Services, target: str, as_json: bool) -> None:
    """Say why a node (its area code) or a certificate (a file) is trusted, or why not. Exit 1 when it is not."""
    now = services.clock.now()
    if is_area_code(target):
        found = explain_node(services.crosscert, target, now)
    else:
        certificates = encodings.read(click.File("rb").convert(target, None, context).read(MAX_CRL_BYTES + 1)).certificates
        if not certificates:
            raise Refusal(CERTIFICATE_UNREADABLE, field=target, problem="no certificate in it")
        found = explain_certificate(services.crosscert, certificates[0], now, certificates[1:])
    emit(found.as_json(), as_json, lambda: _explained(found))
    if not found.is_trusted:
        raise SystemExit(EXIT_NO)


def _tell(found: Plan, *, as_json: bool) -> None:
    emit({**found.as_json(), "digest": found.digest}, as_json, found.as_text)
    if found.faults:
        raise SystemExit(EXIT_NO)


def _graph_text(found: Graph) -> str:
    names = {node.key: node.name for node in found.nodes}
    return "\n".join(
        [
            *map(_node_line, found.nodes),
            *(f"{names[each.issuer]} → {names[each.subject]}  {_edge_text(each)}" for each in found.edges),
        ]
    )


def _node_line(node: GraphNode) -> str:
    found, error = node.reach, node.peer.last_error if node.peer is not None else None
    why = "" if found is None or found.reason is None else found.reason.code
    levels = ", ".join(found.levels) if found is not None else ""
    return f"{node.code or '—'} {node.name}  {node.relation}  [{levels}]  {why or error or 'ok'}"


def _edge_text(each: GraphEdge) -> str:
    certificate = each.edge.certificate
    until = f"{certificate.not_after:%Y-%m-%d}"
    return f"[{', '.join(each.levels)}]  pathLen {certificate.path_length}  {each.edge.state}  {until}  {certificate.serial:x}"


def _explained(found: Explanation) -> str:
    verdict = f"可信 trusted [{', '.join(found.levels)}]" if found.is_trusted else "不可信 not trusted"
    lines = [f"{found.name}  {verdict}"]
    for each in found.way:
        lines.append(f"  {each.subject_text}  {each.sha256}")
        if is_cross(each):
            lines += [
                f"      {name}: {_said(value)}" for name, value in constraints_json(each).items() if value not in (None, [])
            ]
    if found.reason is not None:
        at = "" if found.reason.certificate is None else f"  ({found.reason.certificate.subject_text})"
        lines.append(f"  {found.reason.code}{at}: {found.reason.message.zh} {found.reason.message.en}")
    return "\n".join(lines)


def _said(value: Json) -> str:
    """Return a constraint as a line: pairs as what is mapped to what."""
    if isinstance(value, list):
        return "; ".join(" = ".join(map(str, each)) if isinstance(each, list) else str(each) for each in value)
    return str(value)
