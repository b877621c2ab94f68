"""What departments were not told yet of logouts."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_ui.ports import AdminDeps
from admin_ui.views.guard import actor, guard
from idp.logout import delivery, results


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/logouts")
    @guard(deps, "audit.read")
    def list_logouts() -> str:
        return render_template("admin_ui/logouts.html", backlog=results.backlog(deps.idp))

    @pages.post("/logouts/retry")
    @guard(deps, "clients.write")
    def retry_logouts() -> Response:
        delivery.retry(deps.idp, request.form.get("client_id", "")[:100], actor=actor(deps))
        return redirect(url_for("admin.list_logouts"), code=303)
