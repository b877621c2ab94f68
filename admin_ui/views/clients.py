"""The departments' systems."""

from __future__ import annotations

from flask import Blueprint, render_template

from admin_ui import clients
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/clients")
    @guard(deps, "clients.read")
    def list_clients() -> str:
        return render_template("admin_ui/clients.html", rows=clients.list_clients(deps.idp))
