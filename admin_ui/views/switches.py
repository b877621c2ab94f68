"""Ways to log in, and switching one off."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_ui.ports import AdminDeps
from admin_ui.views.guard import actor, guard
from idp.authenticators import switches

_MAX = 500


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/switches")
    @guard(deps, "audit.read")
    def list_switches() -> str:
        off = {one.what: one for one in switches.listed(deps.idp)}
        rows = [(what, switches.name_of(what), off.get(what)) for what in switches.choices(deps.idp)]
        return render_template("admin_ui/switches.html", rows=rows)

    @pages.post("/switches/off")
    @guard(deps, "logins.switch")
    def switch_off() -> Response:
        what, reason = (request.form.get(name, "")[:_MAX].replace("\0", "") for name in ("what", "reason"))
        switches.switch_off(deps.idp, what, reason, actor=actor(deps))
        return redirect(url_for("admin.list_switches"), code=303)

    @pages.post("/switches/on")
    @guard(deps, "logins.switch")
    def switch_on() -> Response:
        switches.switch_on(deps.idp, request.form.get("what", "")[:_MAX], actor=actor(deps))
        return redirect(url_for("admin.list_switches"), code=303)
