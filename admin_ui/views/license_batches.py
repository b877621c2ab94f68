"""Files of applications at the console: hand one in, see what would become of it, have it issued, see how far it is and what became of the rows."""

from __future__ import annotations

from io import BytesIO
from itertools import chain, islice
from typing import BinaryIO, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from admin_ui import licenses
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard, visitor
from kernel.errors import Language, Refusal
from licenses.applications import COLUMNS
from licenses.bulk import deciding, foresight, intake, outcomes
from licenses.life.orders import Officer

_SHOWN = 200


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section."""
    _add_reading(pages, deps)
    _add_handing_in(pages, deps)
    _add_deciding(pages, deps)


def _officer(deps: AdminDeps, permission: str) -> Officer:
    return licenses.officer_of(deps.licenses, visitor(deps), permission)


def _add_reading(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/licenses/batches")
    @guard(deps, licenses.READ)
    def list_batches() -> str:
        found = outcomes.list_batches(deps.licenses, _officer(deps, licenses.READ))
        return render_template(
            "admin_ui/license_batches.html", batches=[(batch, outcomes.as_json(batch, progress)) for batch, progress in found]
        )

    @pages.get("/licenses/batches/<batch_id>")
    @guard(deps, licenses.READ)
    def show_batch(batch_id: str) -> str:
        officer = _officer(deps, licenses.READ)
        batch, progress = outcomes.get_batch(deps.licenses, batch_id, officer)
        waiting = batch.state == "waiting"
        foreseen = foresight.foresee(deps.licenses, batch) if waiting else None
        became = outcomes.refused_of(deps.licenses, batch)
        return render_template(
            "admin_ui/license_batch.html",
            batch=batch,
            told=outcomes.as_json(batch, progress),
            foreseen=foreseen,
            hindrance=deciding.find_hindrance(deps.licenses, officer) if waiting else None,
            two=waiting and deciding.takes_two(deps.licenses, officer),
            mine=batch.asked_by == officer.actor,
            handed_in_by=licenses.officer_name(deps.idp, batch.asked_by),
            refused=list(islice(foreseen.refused if foreseen else became, _SHOWN)),
        )

    @pages.get("/licenses/batches/<batch_id>/<language>.csv")
    @guard(deps, licenses.READ)
    def download_outcomes(batch_id: str, language: str) -> Response:
        batch, _progress = outcomes.get_batch(deps.licenses, batch_id, _officer(deps, licenses.READ))
        words: Language = "en" if language == "en" else "zh"
        # Spreadsheets take a file for UTF-8 by its mark.
        lines = chain(["\ufeff"], outcomes.as_csv(outcomes.rows_of(deps.licenses, batch), words))
        headers = {"Content-Disposition": f'attachment; filename="{batch.id}.csv"', "Cache-Control": "private, no-store"}
        return Response(lines, mimetype="text/csv", headers=headers)


def _add_handing_in(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.get("/licenses/batches/new")
    @guard(deps, licenses.ISSUE)
    def new_batch() -> str:
        return render_template("admin_ui/license_batch_new.html", columns=COLUMNS.required, error=None)

    @pages.post("/licenses/batches/new")
    @guard(deps, licenses.ISSUE)
    def take_batch() -> AnyResponse | tuple[str, int]:
        file = request.files.get("file")
        try:
            stream, name = (BytesIO(), "-") if file is None else (cast("BinaryIO", file.stream), file.filename or "-")
            batch = intake.take_in(deps.licenses, stream, name, _officer(deps, licenses.ISSUE), hold=True)
        except Refusal as refusal:
            page = render_template("admin_ui/license_batch_new.html", columns=COLUMNS.required, error=refusal)
            return page, refusal.error.status
        return redirect(url_for("admin.show_batch", batch_id=batch.id), code=303)


def _add_deciding(pages: Blueprint, deps: AdminDeps) -> None:
    @pages.post("/licenses/batches/<batch_id>")
    @guard(deps, licenses.ISSUE)
    def decide_batch(batch_id: str) -> AnyResponse:
        officer = _officer(deps, licenses.ISSUE)
        if request.form.get("answer") == "release":
            deps.in_background(deciding.release(deps.licenses, batch_id, officer))
        else:
            deciding.drop(deps.licenses, batch_id, officer)
        return redirect(url_for("admin.show_batch", batch_id=batch_id), code=303)
