"""Agreements between nodes: asking, comparing, approving a plan that was looked at, issuing, revoking.

Each dangerous act is told in words with what it changes, and wants a login of just now. Left to others: who may (``guard``, ``roles.toml``),
that nobody approves twice or their own request (``crosscert.agreements``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from flask import Blueprint, Response, redirect, render_template, request, url_for

from admin_ui.agreements import get_agreement
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import Shown, guard, person
from crosscert import agreements, node_description
from crosscert.agreements.request_format import MAX_BYTES as MAX_REQUEST_BYTES
from crosscert.constraints import everything
from crosscert.description_format import MAX_BYTES as MAX_DESCRIPTION_BYTES
from crosscert.errors import DESCRIPTION_INVALID
from crosscert.plan_format import CASES
from kernel.errors import Refusal
from pki.records import Reason

REASONS: tuple[Reason, ...] = get_args(Reason)
_MAX_CODE = 200


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""
    _add_new(pages, deps)

    @pages.get("/agreements/<identifier>")
    @guard(deps, "agreements.read")
    def show_agreement(identifier: str) -> str:
        return _page(deps, identifier)

    @pages.get("/agreements/<identifier>/certificate.cer")
    @guard(deps, "agreements.read")
    def download_cross_certificate(identifier: str) -> Response:
        found = agreements.get(deps.crosscert, identifier)
        return _file(found.certificate or b"", f"{identifier}.cer", "application/pkix-cert")

    def add_act(name: str, act: Callable[[str, str], object]) -> None:
        @pages.post(f"/agreements/<identifier>/{name}", endpoint=f"{name}_agreement")
        @guard(deps, "agreements.approve")
        def view(identifier: str) -> Shown:
            try:
                act(identifier, person(deps))
            except Refusal as refusal:
                return _page(deps, identifier, refusal), refusal.error.status
            return redirect(url_for("admin.show_agreement", identifier=identifier), code=303)

    add_act(
        "confirm", lambda one, by: agreements.confirm(deps.crosscert, one, request.form.get("code", "")[:_MAX_CODE], actor=by)
    )
    add_act("approve", lambda one, by: _approve(deps, one, by))
    add_act("reject", lambda one, by: agreements.reject(deps.crosscert, one, actor=by))
    add_act("issue", lambda one, by: agreements.issue(deps.crosscert, one, actor=by))
    add_act("receive", lambda _, __: agreements.receive_published(deps.crosscert))
    add_act("revoke", lambda one, by: agreements.revoke(deps.crosscert, one, actor=by, reason=_reason()))
    add_act("review", lambda one, by: agreements.review(deps.crosscert, one, reviewer=by))


def _add_new(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/agreements")
    @guard(deps, "agreements.request")
    def new_agreement() -> str:
        return render_template("admin_ui/agreement_new.html", error=None)

    @pages.post("/agreements/ask")
    @guard(deps, "agreements.request")
    def ask_for_agreement() -> Shown:
        try:
            introduced = node_description.introduce(_uploaded("description", MAX_DESCRIPTION_BYTES), deps.clock.now())
            wish = everything(deps.crosscert.policies, deps.node, introduced.description.node)
            found, document = agreements.ask(deps.crosscert, introduced, wish, requester=person(deps))
        except Refusal as refusal:
            return render_template("admin_ui/agreement_new.html", error=refusal), refusal.error.status
        return _file(document + b"\n", f"{deps.node.code}-{found.identifier}.jws", "application/jose")

    @pages.post("/agreements/take")
    @guard(deps, "agreements.request")
    def take_agreement() -> Shown:
        try:
            found = agreements.take(deps.crosscert, _uploaded("request", MAX_REQUEST_BYTES), requester=person(deps))
        except Refusal as refusal:
            return render_template("admin_ui/agreement_new.html", error=refusal), refusal.error.status
        return redirect(url_for("admin.show_agreement", identifier=found.identifier), code=303)


def _approve(deps: AdminDeps, identifier: str, by: str) -> None:
    faults = [each for each in request.form.getlist("fault") if each in CASES]
    agreements.approve(deps.crosscert, identifier, approver=by, plan_sha256=request.form.get("plan", "")[:64], faults=faults)


def _reason() -> Reason:
    said = request.form.get("reason", "")
    return said if said in REASONS else "cessation_of_operation"


def _page(deps: AdminDeps, identifier: str, error: Refusal | None = None) -> str:
    return render_template(
        "admin_ui/agreement.html",
        page=get_agreement(deps.crosscert, identifier),
        cases=CASES,
        reasons=REASONS,
        arc=f"{deps.policies.certificates.arc}.",
        levels=deps.policies.certificates.levels,
        error=error,
    )


def _uploaded(field: str, max_bytes: int) -> bytes:
    """Return what was uploaded; ``Refusal`` for nothing and for too much."""
    file = request.files.get(field)
    data = b"" if file is None else file.stream.read(max_bytes + 1)
    if not 0 < len(data) <= max_bytes:
        raise Refusal(DESCRIPTION_INVALID, field=field, problem=f"1 to {max_bytes} bytes are wanted")
    return data.strip()


def _file(content: bytes, name: str, mimetype: str) -> Response:
    return Response(content, mimetype=mimetype, headers={"Content-Disposition": f'attachment; filename="{name}"'})
