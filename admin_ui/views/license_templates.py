"""Templates of the node's own at the console: propose one, see what it makes of a sample, have another officer agree, see which version it is bound to."""

from __future__ import annotations

from itertools import count

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from admin_ui import licenses
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard, visitor
from kernel.errors import Refusal
from licenses import template_proposals
from licenses.life.orders import Officer
from licenses.own_templates import make_template


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section."""
    _add_reading(pages, deps)
    _add_acts(pages, deps)


def _officer(deps: AdminDeps) -> Officer:
    return licenses.officer_of(deps.licenses, visitor(deps), licenses.TEMPLATES)


def _list(deps: AdminDeps, error: Refusal | None = None) -> str:
    officer = _officer(deps)
    kinds = template_proposals.types_of(deps.licenses, officer)
    proposals, older = template_proposals.list_proposals(deps.licenses, officer, before=request.args.get("before"))
    return render_template(
        "admin_ui/license_templates.html",
        kinds=kinds,
        names={kind.code: licenses.name_of(deps.licenses, kind.code) for kind in kinds},
        versions={kind.code: kind.version for kind in kinds},
        proposals=proposals,
        older=older,
        fault=deps.type_fault(),
        who=lambda actor: licenses.officer_name(deps.idp, actor),
        sent=request.form,
        error=error,
    )


def _add_reading(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/licenses/templates")
    @guard(deps, licenses.TEMPLATES)
    def list_templates() -> str:
        return _list(deps)

    @pages.get("/licenses/templates/<proposal_id>")
    @guard(deps, licenses.TEMPLATES)
    def show_template(proposal_id: str) -> str:
        officer = _officer(deps)
        proposal = template_proposals.get_proposal(deps.licenses, proposal_id, officer)
        content = template_proposals.get_content(deps.licenses, proposal_id, officer)
        return render_template(
            "admin_ui/license_template.html",
            proposal=proposal,
            content=content,
            type_name=licenses.name_of(deps.licenses, proposal.type_code),
            handed_in_by=licenses.officer_name(deps.idp, proposal.asked_by),
            mine=proposal.asked_by == officer.actor,
        )

    @pages.get("/licenses/templates/<proposal_id>/sample.pdf")
    @guard(deps, licenses.TEMPLATES)
    def show_sample(proposal_id: str) -> Response:
        content = template_proposals.get_content(deps.licenses, proposal_id, _officer(deps))
        return Response(content.sample, mimetype="application/pdf", headers={"Cache-Control": "private, no-store"})

    @pages.get("/licenses/templates/<proposal_id>/<page>.png")
    @guard(deps, licenses.TEMPLATES)
    def show_picture(proposal_id: str, page: str) -> Response:
        pictures = template_proposals.get_content(deps.licenses, proposal_id, _officer(deps)).pictures
        found = dict(zip(map(str, count(1)), pictures, strict=False)).get(page)
        if found is None:
            raise NotFound
        return Response(found, mimetype="image/png", headers={"Cache-Control": "private, no-store"})


def _add_acts(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.post("/licenses/templates")
    @guard(deps, licenses.TEMPLATES)
    def propose_template() -> Response | tuple[str, int]:
        try:
            template = make_template((file.filename or "-", file.stream) for file in request.files.getlist("files"))
            name, type_code = request.form.get("name", "").strip(), request.form.get("type_code", "")
            proposal = template_proposals.propose(deps.licenses, template, name, type_code, _officer(deps))
        except Refusal as refusal:
            return _list(deps, refusal), refusal.error.status
        return redirect(url_for("admin.show_template", proposal_id=proposal.id), code=303)

    @pages.post("/licenses/templates/<proposal_id>")
    @guard(deps, licenses.TEMPLATES)
    def decide_template(proposal_id: str) -> Response:
        if request.form.get("answer") == "approve":
            template_proposals.approve(deps.licenses, proposal_id, _officer(deps))
            return redirect(url_for("admin.show_template", proposal_id=proposal_id), code=303)
        template_proposals.reject(deps.licenses, proposal_id, _officer(deps))
        return redirect(url_for("admin.list_templates"), code=303)
