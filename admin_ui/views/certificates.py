"""The node's certificates: a list to narrow, and each by itself."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from admin_ui import certificates
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/certificates")
    @guard(deps, "certificates.read")
    def list_certificates() -> str:
        wanted = {name: request.args.get(name, "")[:64] for name in ("ca", "profile")}
        listing = certificates.list_certificates(
            deps.pki, **wanted, after=request.args.get("after", "")[:64], at=deps.clock.now()
        )
        older = f"?{urlencode({**wanted, 'after': listing.next_after})}" if listing.next_after else None
        profiles = deps.policies.certificates.profiles
        return render_template("admin_ui/certificates.html", rows=listing.rows, wanted=wanted, profiles=profiles, older=older)

    @pages.get("/certificates/<serial>")
    @guard(deps, "certificates.read")
    def show_certificate(serial: str) -> str:
        detail = certificates.get_certificate(deps.pki, serial, deps.clock.now())
        return render_template("admin_ui/certificate.html", detail=detail)
