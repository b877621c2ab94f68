"""Mandates of organisations, to be read."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from admin_ui.mandates import list_mandates
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's page."""

    @pages.get("/mandates")
    @guard(deps, "audit.read")
    def show_mandates() -> str:
        uscc = request.args.get("uscc", "")[:30].strip().upper()
        return render_template("admin_ui/mandates.html", rows=list_mandates(deps.idp, uscc), uscc=uscc)
