"""What departments were not told yet of logouts."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_ui import clients, reach
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import actor, guard, visitor
from idp.logout import delivery, results


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/logouts")
    @guard(deps, "audit.read")
    def list_logouts() -> str:
        return render_template("admin_ui/logouts.html", backlog=results.backlog(deps.idp), events=clients.list_untold(deps.idp))

    @pages.post("/logouts/retry")
    @guard(deps, "clients.write")
    def retry_logouts() -> Response:
        departments = reach.departments_of(deps.licenses, visitor(deps), "clients.write")
        client_id = request.form.get("client_id", "")[:100].replace("\0", "")
        client = clients.get_client(deps.idp, client_id, departments).client
        delivery.retry(deps.idp, client.client_id, actor=actor(deps))
        return redirect(url_for("admin.list_logouts"), code=303)
