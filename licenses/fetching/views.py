"""The interfaces by which departments' systems fetch people's licences, below ``/api/v1/certificates`` (GB/T 36906's words).

A view parses, calls one function, answers. Left to others: the token (``Callers``), what is allowed (``fetch``).
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kernel.clock import rfc3339
from kernel.errors import Refusal
from licenses import archive
from licenses.errors.life import API_BODY
from licenses.fetching import fetch
from licenses.fetching.fetch import System
from licenses.life.callers import Callers
from licenses.ports import LicenseDeps

SCOPE = "licenses.fetch"
MAX_BODY = 8 * 1024


def make_blueprint(deps: LicenseDeps, callers: Callers) -> Blueprint:
    """Return the interfaces."""
    room = Blueprint("license_fetching", __name__, url_prefix="/api/v1/certificates")

    def system() -> System:
        caller = callers.verify(SCOPE)
        with deps.work.look() as work:
            known = work.records.find_department(caller.department)
        return System(caller.client_id, caller.department, caller.name if known is None else known.name)

    @room.post("/search")
    def search() -> tuple[Response, int]:
        by = system()
        answer = fetch.search(deps, _body(), by)
        if answer.waiting is not None:
            waiting = answer.waiting
            told = {"consent": {"id": waiting.id, "state": waiting.state, "asked_at": rfc3339(waiting.asked_at)}}
            return _private(jsonify(told)), 202
        basis = None if answer.basis is None else answer.basis.as_json()
        found = [fetch.as_json(deps, one) for one in answer.records]
        return _private(jsonify({"basis": basis, "certificates": found})), 200

    @room.post("/document")
    def document() -> Response:
        by = system()
        record, pdf = fetch.get_document(deps, _body(), by)
        response = _private(Response(pdf, mimetype="application/pdf"))
        response.headers["Content-Disposition"] = f'attachment; filename="{archive.file_name(record)}"'
        return response

    return room


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise Refusal(API_BODY, field="Content-Type", problem="application/json")
    if request.content_length is None or request.content_length > MAX_BODY:
        raise Refusal(API_BODY, field="Content-Length", problem=f"Content-Length up to {MAX_BODY}")
    return request.get_data(cache=False)


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
