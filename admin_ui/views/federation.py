"""The federation as a picture and as tables."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from admin_ui import federation
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard
from crosscert.graph.svg import draw
from crosscert.graph.view import see

_PICTURE_KEPT_SECONDS = 60


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""
    max_age = timedelta(seconds=deps.policies.licenses.verification.max_evidence_age_seconds)

    @pages.get("/federation")
    @guard(deps, "nodes.read")
    def show_federation() -> str:
        return render_template(
            "admin_ui/federation.html",
            peers=federation.list_peers(deps.crosscert, deps.clock.now(), max_age),
            agreements=federation.list_agreements(deps.crosscert),
            arc=f"{deps.policies.certificates.arc}.",
        )

    @pages.get("/federation/graph.svg")
    @guard(deps, "nodes.read")
    def draw_federation() -> Response:
        drawn = draw(see(deps.crosscert, deps.clock.now()), deps.policies.certificates)
        response = Response(drawn, mimetype="image/svg+xml")
        response.cache_control.private = True
        response.cache_control.max_age = _PICTURE_KEPT_SECONDS
        return response
