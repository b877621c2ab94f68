"""What a visitor of the console sees first: what waits for them, and for those who watch over the node how it stands."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template

from admin_ui import charts, federation, licenses, overview, telling, today
from admin_ui.job_words import JOBS
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard, visitor
from idp.logout import results
from kernel.errors import CATALOGUE
from policies.roles import permits

_LATEST = 8
_WATCHING = "audit.read"


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""
    max_age = timedelta(seconds=deps.policies.licenses.verification.max_evidence_age_seconds)

    @pages.get("/")
    @guard(deps, _WATCHING, licenses.CHANGE)
    def dashboard() -> str:
        now, there = deps.clock.now(), visitor(deps)
        waits = today.find_today(deps, there)
        if not permits(deps.policies.roles, there.roles, _WATCHING):
            return render_template("admin_ui/desk.html", today=waits)
        return render_template(
            "admin_ui/dashboard.html",
            authorities=overview.list_authorities(deps.pki, now),
            peers=federation.list_peers(deps.crosscert, now, max_age),
            agreements=federation.list_agreements(deps.crosscert),
            log=overview.look_at_log(deps.licenses),
            stops=overview.find_stops(deps.pki, deps.licenses),
            type_fault=deps.type_fault(),
            standstill=overview.find_standstill(deps.audit, now),
            archive=overview.look_at_archive(deps.licenses),
            backlog=results.backlog(deps.idp),
            today=waits,
            job_words=JOBS,
            catalogue=CATALOGUE,
            charts=charts.draw_charts(deps.audit, now),
            rows=telling.tell(deps, there, deps.audit.page(limit=_LATEST)),
        )
