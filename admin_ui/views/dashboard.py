"""What an admin sees first."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template

from admin_ui import federation, overview, today
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard
from idp.logout import results

_LATEST = 8


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""
    max_age = timedelta(seconds=deps.policies.licenses.verification.max_evidence_age_seconds)

    @pages.get("/")
    @guard(deps, "audit.read")
    def dashboard() -> str:
        now = deps.clock.now()
        return render_template(
            "admin_ui/dashboard.html",
            authorities=overview.list_authorities(deps.pki, now),
            peers=federation.list_peers(deps.crosscert, now, max_age),
            agreements=federation.list_agreements(deps.crosscert),
            log=overview.look_at_log(deps.licenses),
            backlog=results.backlog(deps.idp),
            today=today.find_today(deps.pki, deps.crosscert, deps.idp),
            charts=today.draw_charts(deps.audit, now),
            events=deps.audit.page(limit=_LATEST),
        )
