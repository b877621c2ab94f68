"""The node's CAs: each with its key, lists and responder; asking for a new key in one's place, approving and withdrawing that."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from admin_ui import authorities, overview
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import Shown, guard, person
from kernel.errors import Refusal
from pki import rollover
from pki.records import CaRole

_FAILURES = timedelta(days=1)


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/authorities")
    @guard(deps, "certificates.read")
    def list_authorities() -> str:
        rows = overview.list_authorities(deps.pki, deps.clock.now())
        return render_template("admin_ui/authorities.html", rows=rows)

    @pages.get("/authorities/<ca>")
    @guard(deps, "certificates.read")
    def show_authority(ca: str) -> str:
        return _page(deps, ca)

    @pages.post("/authorities/<any(principal, issuing):role>/rollover")
    @guard(deps, "certificates.issue")
    def request_rollover(role: str) -> Response:
        asked = rollover.request(deps.pki, cast("CaRole", role), person(deps))
        return redirect(url_for("admin.show_authority", ca=asked.replaces), code=303)

    @pages.post("/authorities/<ca>/rollover/approval")
    @guard(deps, "certificates.issue")
    def approve_rollover(ca: str) -> Shown:
        """Approve the new CA ``ca``, which takes its place with the last yes."""
        asked = rollover.find(deps.pki, ca)
        try:
            done = rollover.approve(deps.pki, ca, person(deps))
        except Refusal as refusal:
            return _page(deps, asked.replaces, refusal), refusal.error.status
        return redirect(url_for("admin.show_authority", ca=done.replaces if done.done_at is None else ca), code=303)

    @pages.post("/authorities/<ca>/rollover/withdrawal")
    @guard(deps, "certificates.issue")
    def withdraw_rollover(ca: str) -> Response:
        withdrawn = rollover.withdraw(deps.pki, ca, person(deps))
        return redirect(url_for("admin.show_authority", ca=withdrawn.replaces), code=303)


def _page(deps: AdminDeps, ca: str, error: Refusal | None = None) -> str:
    now = deps.clock.now()
    failed = deps.audit.last("pki.answer_ocsp", since=now - _FAILURES)
    return render_template(
        "admin_ui/authority.html",
        shown=authorities.show(deps.pki, ca, now),
        failed=failed,
        finding=authorities.last_failure(failed),
        error=error,
    )
