"""The node's certificates: a list to narrow, each by itself, and why any certificate is trusted here or not."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for

from admin_ui import certificates
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import Shown, guard
from crosscert.graph.explanation import explain_certificate
from crosscert.paths.certificates import parse_certificate
from kernel.errors import Refusal


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
        now = deps.clock.now()
        detail = certificates.get_certificate(deps.pki, serial, now)
        why = explain_certificate(deps.crosscert, parse_certificate(detail.certificate.record.der), now)
        return render_template("admin_ui/certificate.html", detail=detail, why=why, levels=deps.policies.certificates.levels)

    @pages.get("/certificates/find")
    @guard(deps, "certificates.read")
    def find_certificate() -> Shown:
        typed = request.args.get("q", "")[:200].replace("\0", "")
        asked = "".join(typed.replace(":", "").split()).lower()
        serial = certificates.find_serial(deps.pki, asked) if asked else None
        if serial is not None:
            return redirect(url_for("admin.show_certificate", serial=serial), code=303)
        return render_template("admin_ui/certificate_find.html", typed=typed.strip())

    @pages.route("/certificates/explain", methods=["GET", "POST"])
    @guard(deps, "certificates.read")
    def explain() -> Shown:
        why, error = None, None
        if request.method == "POST":
            try:
                why = certificates.explain_uploaded(deps.crosscert, _uploaded(), deps.clock.now())
            except Refusal as refusal:
                error = refusal
        page = render_template("admin_ui/explain.html", why=why, error=error, levels=deps.policies.certificates.levels)
        return page, 200 if error is None else error.error.status


def _uploaded() -> bytes:
    file = request.files.get("certificate")
    return b"" if file is None else file.stream.read(certificates.MAX_UPLOAD_BYTES + 1)
