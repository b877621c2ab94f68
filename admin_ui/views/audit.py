"""The audit trail, searched and paged."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard

PAGE = 50


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/audit")
    @guard(deps, "audit.read")
    def list_events() -> str:
        contains = request.args.get("q", "").strip()[:100]
        before = request.args.get("before", "")
        events = deps.audit.page(
            before=int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None,  # noqa: PLR2004 - 64 bits
            limit=PAGE + 1,
            contains=contains or None,
        )
        older = f"?{urlencode({'q': contains, 'before': events[PAGE - 1].number})}" if len(events) > PAGE else None
        return render_template("admin_ui/audit.html", events=events[:PAGE], contains=contains, before=before, older=older)
