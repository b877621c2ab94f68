"""Files of applications at the console: how far the workers are, and what became of the rows."""

from __future__ import annotations

from itertools import islice

from flask import Blueprint, render_template

from admin_ui import licenses
from admin_ui.ports import AdminDeps
from admin_ui.views.guard import guard, visitor
from licenses.bulk import outcomes

_SHOWN = 200


def add(pages: Blueprint, deps: AdminDeps) -> None:
    """Add the section."""

    @pages.get("/licenses/batches")
    @guard(deps, licenses.READ)
    def list_batches() -> str:
        officer = licenses.officer_of(deps.licenses, visitor(deps), licenses.READ)
        found = [(batch, outcomes.as_json(batch, progress)) for batch, progress in outcomes.list_batches(deps.licenses, officer)]
        return render_template("admin_ui/license_batches.html", batches=found)

    @pages.get("/licenses/batches/<batch_id>")
    @guard(deps, licenses.READ)
    def show_batch(batch_id: str) -> str:
        officer = licenses.officer_of(deps.licenses, visitor(deps), licenses.READ)
        batch, progress = outcomes.get_batch(deps.licenses, batch_id, officer)
        refused = (row for row in outcomes.rows_of(deps.licenses, batch) if row["outcome"] == "refused")
        return render_template(
            "admin_ui/license_batch.html",
            batch=batch,
            told=outcomes.as_json(batch, progress),
            refused=list(islice(refused, _SHOWN)),
        )
