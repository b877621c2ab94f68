"""Licences at the console: search, one licence, an act with its reason, what waits for a second officer, an application."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_ui import licenses
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard, visitor
from kernel.errors import Refusal, Text
from kernel.text import mask
from licenses.bulk import outcomes
from licenses.errors.life import ACT_NOT_FOUND
from licenses.kinds import kind_of
from licenses.life import acts, reading
from licenses.life.failures import refusal_of
from licenses.life.orders import Officer
from licenses.life.transitions import words_of
from licenses.status import shown_status
from licenses.transparency import receipts
from licenses.verdict import STATUS_NAMES
from policies.licenses import latest_types


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section."""
    _add_reading(pages, deps)
    _add_acts(pages, deps)
    _add_applications(pages, deps)


def _officer(deps: AdminDeps, permission: str) -> Officer:
    return licenses.officer_of(deps.licenses, visitor(deps), permission)


def _words(deps: AdminDeps) -> dict[str, object]:
    """Return what the pages call acts, their reasons and those who did them."""
    return {
        "words_of": words_of,
        "failure_of": refusal_of,
        "reason_of": lambda act: licenses.reason_of(deps.licenses, act),
        "who": lambda actor: licenses.officer_name(deps.idp, actor),
    }


def _add_reading(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.route("/licenses", methods=["GET", "POST"])  # POST: whose licences are looked for stands in no address
    @guard(deps, licenses.READ)
    def list_licenses() -> str:
        before = request.args.get("before", "")
        rows, below = licenses.search(
            deps.licenses,
            _officer(deps, licenses.READ),
            request.form,
            before=int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None,  # noqa: PLR2004 - 64 bits
        )
        older = f"?before={below}" if below is not None and request.method == "GET" else None
        return render_template(
            "admin_ui/licenses.html",
            rows=rows,
            kinds={kind.code: Text(kind.name, kind.name_en) for kind in latest_types(deps.policies.licenses)},
            statuses=STATUS_NAMES,
            sent=request.form,
            older=older,
        )

    @pages.get("/licenses/<name>")
    @guard(deps, licenses.READ)
    def show_license(name: str) -> str:
        found = reading.get_license(deps.licenses, name, _officer(deps, licenses.READ))
        return render_template(
            "admin_ui/license.html",
            found=found,
            record=found.record,
            status=shown_status(found.record, deps.clock.now()),
            type_name=kind_of(deps.licenses, found.record).name,
            holder_id=mask(found.record.holder_id, head=3, tail=4),
            **_words(deps),
        )

    @pages.get("/licenses/<name>/document")
    @guard(deps, licenses.READ)
    def download_license(name: str) -> Response:
        file_name, pdf = licenses.document(deps.licenses, _officer(deps, licenses.READ), name)
        response = Response(pdf, mimetype="application/pdf")
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
        response.headers["Cache-Control"] = "private, no-store"
        return response

    @pages.get("/licenses/<name>/receipt")
    @guard(deps, licenses.READ)
    def download_receipt(name: str) -> Response:
        found = reading.get_license(deps.licenses, name, _officer(deps, licenses.READ))
        file_name, text = receipts.receipt_of(deps.licenses, found.record)
        headers = {"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "private, no-store"}
        return Response(text, mimetype=receipts.MEDIA_TYPE, headers=headers)


def _add_acts(pages: Blueprint, deps: AdminDeps) -> None:
    def _form(name: str, act: str) -> tuple[reading.Found, licenses.Form]:
        found = reading.get_license(deps.licenses, name, _officer(deps, licenses.CHANGE))
        form = licenses.find_form(deps.licenses, found, act)
        if form is None:
            raise Refusal(ACT_NOT_FOUND)
        return found, form

    @pages.get("/licenses/<name>/acts/<act>")
    @guard(deps, licenses.CHANGE)
    def show_act(name: str, act: str) -> str:
        found, form = _form(name, act)
        return render_template(
            "admin_ui/license_act.html",
            record=found.record,
            form=form,
            sent={},
            error=None,
            words=words_of(form.name),
            effect=licenses.effect_of(form.name),
        )

    @pages.post("/licenses/<name>/acts/<act>")
    @guard(deps, licenses.CHANGE)
    def do_act(name: str, act: str) -> str | Response:
        found, form = _form(name, act)
        try:
            acts.ask(
                deps.licenses, licenses.order_of(form, found.record.identifier, request.form), _officer(deps, licenses.CHANGE)
            )
        except Refusal as error:
            return render_template(
                "admin_ui/license_act.html",
                record=found.record,
                form=form,
                sent=request.form,
                error=error,
                words=words_of(form.name),
                effect=licenses.effect_of(form.name),
            )
        return redirect(url_for("admin.show_license", name=found.record.number), code=303)

    @pages.get("/licenses/waiting")
    @guard(deps, licenses.READ)
    def list_waiting() -> str:
        officer = _officer(deps, licenses.READ)
        return render_template(
            "admin_ui/license_acts.html",
            waiting=acts.list_acts(deps.licenses, officer, state="waiting"),
            batches=outcomes.list_waiting(deps.licenses, officer),
            mine=officer.actor,
            **_words(deps),
        )

    @pages.post("/licenses/waiting")
    @guard(deps, licenses.CHANGE)
    def decide_act() -> Response:
        decide = acts.agree if request.form.get("answer") == "agree" else acts.reject
        decide(deps.licenses, request.form.get("act", "")[:60], _officer(deps, licenses.CHANGE))
        return redirect(url_for("admin.list_waiting"), code=303)


def _add_applications(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/licenses/apply")
    @guard(deps, licenses.ISSUE)
    def choose_type() -> str:
        return render_template(
            "admin_ui/license_types.html", types=licenses.own_types(deps.licenses, _officer(deps, licenses.ISSUE))
        )

    @pages.route("/licenses/apply/<uscc>/<type_code>", methods=["GET", "POST"])
    @guard(deps, licenses.ISSUE)
    def apply(uscc: str, type_code: str) -> str | Response:
        officer, error = _officer(deps, licenses.ISSUE), None
        department, kind = licenses.get_type(deps.licenses, officer, uscc, type_code)
        if request.method == "POST":
            try:
                act = acts.ask(deps.licenses, licenses.application_order(department, kind, request.form), officer)
            except Refusal as refusal:
                error = refusal
            else:
                done = url_for("admin.show_license", name=act.number) if act.state == "done" else url_for("admin.list_waiting")
                return redirect(done, code=303)
        rules = deps.policies.licenses.acts.get("issue")
        return render_template(
            "admin_ui/license_apply.html", department=department, kind=kind, rules=rules, sent=request.form, error=error
        )
