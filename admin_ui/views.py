"""The console's pages below ``/admin``. A view checks who asks, calls one function, renders.

Left to others: who may see a page (``access``), every fact (``overview``, ``certificates``, ``federation``, ``clients``, the audit reader).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_ui import certificates, clients, federation, overview
from admin_ui.access import verify_access
from admin_ui.ports import AdminDeps
from crosscert.graph.svg import draw
from crosscert.graph.view import see
from idp.logout import delivery, results
from policies.roles import permits

PAGE = 50
_LATEST = 8
_PICTURE_KEPT_SECONDS = 60

Page = Callable[..., str | Response]
Guarded = Callable[..., str | Response]


def make_blueprint(deps: AdminDeps) -> Blueprint:
    """Return the console's pages over ``deps``."""
    max_age = timedelta(seconds=deps.policies.licenses.verification.max_evidence_age_seconds)
    pages = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates")

    @pages.context_processor
    def _sections() -> dict[str, object]:
        visitor = deps.visitors.current()
        roles = visitor.roles if visitor else ()
        return {"may": lambda permission: permits(deps.policies.roles, roles, permission)}

    @pages.get("/")
    @_guard(deps, "audit.read")
    def dashboard() -> str:
        now = deps.clock.now()
        return render_template(
            "admin_ui/dashboard.html",
            authorities=overview.list_authorities(deps.pki, now),
            peers=federation.list_peers(deps.crosscert, now, max_age),
            agreements=federation.list_agreements(deps.crosscert),
            licenses=overview.count_licenses(deps.licenses),
            backlog=results.backlog(deps.idp),
            events=deps.audit.page(limit=_LATEST),
        )

    @pages.get("/certificates")
    @_guard(deps, "certificates.read")
    def list_certificates() -> str:
        wanted = {name: request.args.get(name, "")[:64] for name in ("ca", "profile")}
        listing = certificates.list_certificates(
            deps.pki, **wanted, after=request.args.get("after", "")[:64], at=deps.clock.now()
        )
        older = f"?{urlencode({**wanted, 'after': listing.next_after})}" if listing.next_after else None
        profiles = deps.policies.certificates.profiles
        return render_template("admin_ui/certificates.html", rows=listing.rows, wanted=wanted, profiles=profiles, older=older)

    @pages.get("/certificates/<serial>")
    @_guard(deps, "certificates.read")
    def show_certificate(serial: str) -> str:
        detail = certificates.get_certificate(deps.pki, serial, deps.clock.now())
        return render_template("admin_ui/certificate.html", detail=detail)

    @pages.get("/federation")
    @_guard(deps, "nodes.read")
    def show_federation() -> str:
        return render_template(
            "admin_ui/federation.html",
            peers=federation.list_peers(deps.crosscert, deps.clock.now(), max_age),
            agreements=federation.list_agreements(deps.crosscert),
            arc=f"{deps.policies.certificates.arc}.",
        )

    @pages.get("/federation/graph.svg")
    @_guard(deps, "nodes.read")
    def draw_federation() -> Response:
        drawn = draw(see(deps.crosscert, deps.clock.now()), deps.policies.certificates)
        response = Response(drawn, mimetype="image/svg+xml")
        response.cache_control.private = True
        response.cache_control.max_age = _PICTURE_KEPT_SECONDS
        return response

    @pages.get("/clients")
    @_guard(deps, "clients.read")
    def list_clients() -> str:
        return render_template("admin_ui/clients.html", rows=clients.list_clients(deps.idp))

    @pages.get("/audit")
    @_guard(deps, "audit.read")
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

    _add_logouts(pages, deps)
    return pages


def _add_logouts(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/logouts")
    @_guard(deps, "audit.read")
    def list_logouts() -> str:
        return render_template("admin_ui/logouts.html", backlog=results.backlog(deps.idp))

    @pages.post("/logouts/retry")
    @_guard(deps, "clients.write")
    def retry_logouts() -> Response:
        visitor = deps.visitors.current()
        if visitor is not None:
            delivery.retry(deps.idp, request.form.get("client_id", "")[:100], actor=f"account:{visitor.account_id}")
        return redirect(url_for("admin.list_logouts"), code=303)


def _guard(deps: AdminDeps, permission: str) -> Callable[[Page], Guarded]:
    """Let only those in whose role has ``permission`` and whose login was strong; send strangers to the login."""

    def decorate(page: Page) -> Guarded:
        @wraps(page)
        def guarded(*args: str, **kwargs: str) -> str | Response:
            visitor = deps.visitors.current()
            if visitor is None:
                return redirect(f"{request.script_root}/login", code=303)
            verify_access(deps.policies, visitor, permission)
            return page(*args, **kwargs)

        return guarded

    return decorate
