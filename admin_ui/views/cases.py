"""Cases: what people said was not them, and logins that anybody reported."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_ui.ports import AdminDeps
from admin_ui.views.guard import actor, guard
from idp.notices import cases


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section's pages."""

    @pages.get("/cases")
    @guard(deps, "cases.read")
    def list_cases() -> str:
        decided = "decided" in request.args
        return render_template("admin_ui/cases.html", cases=cases.listed(deps.idp, decided=decided), decided=decided)

    @pages.get("/cases/<case>")
    @guard(deps, "cases.read")
    def show_case(case: str) -> str:
        return render_template("admin_ui/case.html", shown=cases.show(deps.idp, case[:60], actor=actor(deps)))

    @pages.post("/cases/<case>/decision")
    @guard(deps, "cases.decide")
    def decide_case(case: str) -> Response:
        cases.decide(deps.idp, case[:60], request.form.get("decision", ""), actor=actor(deps))
        return redirect(url_for("admin.list_cases"), code=303)

    @pages.post("/cases/<case>/reopening")
    @guard(deps, "cases.decide")
    def reopen_case(case: str) -> Response:
        cases.reopen(deps.idp, case[:60], actor=actor(deps))
        return redirect(url_for("admin.show_case", case=case[:60]), code=303)
