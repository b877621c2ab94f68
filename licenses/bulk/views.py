"""Bulk issuing for departments' systems: hand a file in, ask how far it is, read what became of its rows.

Left to others: the work (``work``), the token (``licenses.life.views.Callers``).
"""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from kernel.errors import Refusal
from licenses.bulk import intake, outcomes
from licenses.bulk_records import Batch
from licenses.errors.life import API_BODY
from licenses.life.callers import ISSUE, READ, Callers, officers_of
from licenses.ports import LicenseDeps
from licenses.spooling import spooled


def make_blueprint(deps: LicenseDeps, callers: Callers, in_background: Callable[[Batch], None]) -> Blueprint:
    """Return the interfaces; ``in_background`` tells the workers of a batch."""
    room = Blueprint("license_batches", __name__, url_prefix="/api/v1/licenses/batches")
    officer = officers_of(callers)

    @room.post("")
    def take() -> tuple[Response, int]:
        by = officer(ISSUE)
        if request.mimetype != "text/csv":
            raise Refusal(API_BODY, field="Content-Type", problem="text/csv")
        request.max_content_length = deps.policies.licenses.verification.max_batch_bytes
        with spooled(request.stream) as file:
            batch = intake.take_in(deps, file, "batch.csv", by)
        if batch.state == "released":
            in_background(batch)
        return _private(jsonify(outcomes.as_json(*outcomes.get_batch(deps, batch.id, by)))), 202

    @room.get("/<batch_id>")
    def show(batch_id: str) -> Response:
        return _private(jsonify(outcomes.as_json(*outcomes.get_batch(deps, batch_id, officer(READ)))))

    @room.get("/<batch_id>/rows")
    def rows(batch_id: str) -> Response:
        batch, _progress = outcomes.get_batch(deps, batch_id, officer(READ))
        lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in outcomes.rows_of(deps, batch))
        return _private(Response(lines, mimetype="application/x-ndjson"))

    return room


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
