"""The federation as a picture and as tables."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, url_for
from markupsafe import Markup

from admin_ui import federation
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard
from crosscert.graph.svg import Links, draw
from crosscert.graph.view import Graph, GraphEdge, GraphNode, see
from kernel.errors import Language


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""
    max_age = timedelta(seconds=deps.policies.licenses.verification.max_evidence_age_seconds)

    @pages.get("/federation")
    @guard(deps, "nodes.read")
    def show_federation() -> str:
        now = deps.clock.now()
        graph = see(deps.crosscert, now)

        def picture(language: Language) -> Markup:
            drawn = draw(graph, deps.policies.certificates, language, _links(graph))
            return Markup(drawn)  # noqa: S704 - every word in it was escaped by whoever drew it

        return render_template(
            "admin_ui/federation.html",
            picture=picture,
            peers=federation.list_peers(deps.crosscert, now, max_age),
            agreements=federation.list_agreements(deps.crosscert),
            arc=f"{deps.policies.certificates.arc}.",
        )


def _links(graph: Graph) -> Links:
    """Lead from this node to its CAs, from another to its row below, from what this node issued to that certificate."""
    own = graph.nodes[0].key

    def of_node(node: GraphNode) -> str | None:
        if node.key == own:
            return url_for("admin.list_authorities")
        return None if node.peer is None else f"#node-{node.peer.node.code}"

    def of_edge(edge: GraphEdge) -> str | None:
        serial = f"{edge.edge.certificate.serial:x}"
        return url_for("admin.show_certificate", serial=serial) if edge.issuer == own else None

    return Links(of_node, of_edge)
