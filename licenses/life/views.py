"""The licence interfaces of departments' systems, below ``/api/v1/licenses``: each call by a token of the system's own, with its scope.

A view parses, calls one function, answers. Left to others: the token (``Callers``), what is allowed (``orders``), words of refusals (``service``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from flask import Blueprint, Response, jsonify, request

from kernel.errors import Refusal
from licenses import archive
from licenses.act_records import Act, ActState
from licenses.errors.life import API_BODY
from licenses.life import acts, api, reading
from licenses.life.callers import CHANGE, ISSUE, READ, Callers, officers_of
from licenses.life.orders import Officer
from licenses.ports import LicenseDeps
from licenses.transparency import receipts

_ANSWERS: Mapping[ActState, int] = {"waiting": 202, "rejected": 200}
_Officers: TypeAlias = "Callable[[str], Officer]"


def make_blueprint(deps: LicenseDeps, callers: Callers) -> Blueprint:
    """Return the interfaces."""
    room = Blueprint("license_api", __name__, url_prefix="/api/v1/licenses")

    officer = officers_of(callers)
    _add_acts(room, deps, officer)
    _add_reading(room, deps, officer)
    return room


def _add_acts(room: Blueprint, deps: LicenseDeps, officer: _Officers) -> None:
    @room.post("")
    def issue() -> tuple[Response, int]:
        by = officer(ISSUE)
        return _done(deps, acts.ask(deps, api.read_application(deps, _body(), by, _key()), by))

    @room.post("/<identifier>/acts")
    def act(identifier: str) -> tuple[Response, int]:
        by = officer(CHANGE)
        return _done(deps, acts.ask(deps, api.read_act(_body(), identifier, _key()), by))

    @room.get("/acts/<act_id>")
    def show_act(act_id: str) -> Response:
        return _private(jsonify(api.act_as_json(acts.get_act(deps, act_id, officer(READ)))))

    @room.get("/copies/<sha256>")
    def copy(sha256: str) -> Response:
        record, pdf = reading.get_copy(deps, sha256, officer(READ))
        return _pdf(pdf, archive.file_name(record))


def _add_reading(room: Blueprint, deps: LicenseDeps, officer: _Officers) -> None:
    @room.post("/search")
    def search() -> Response:
        by = officer(READ)
        page = reading.search(deps, api.read_search(_body()), by, before=_before())
        return _private(jsonify({"licenses": [reading.as_json(deps, record) for _key, record in page.found], "next": page.older}))

    @room.get("/<name>")
    def show(name: str) -> Response:
        found = reading.get_license(deps, name, officer(READ))
        told = {"replaced_by": found.replaced_by, "acts": [api.act_as_json(one) for one in found.acts]}
        return _private(jsonify(reading.as_json(deps, found.record) | told))

    @room.get("/<name>/document")
    def document(name: str) -> Response:
        record, pdf = reading.get_document(deps, name, officer(READ))
        return _pdf(pdf, archive.file_name(record))

    @room.get("/<name>/receipt")
    def receipt(name: str) -> Response:
        file_name, text = receipts.receipt_of(deps, reading.get_license(deps, name, officer(READ)).record)
        return _file(text, receipts.MEDIA_TYPE, file_name)


def _done(deps: LicenseDeps, act: Act) -> tuple[Response, int]:
    """Answer 201 with what was made of an act, 202 when it waits for a second officer, 200 when that one rejected it."""
    told = {"act": api.act_as_json(act), "license": None}
    with deps.work.look() as work:
        record = work.records.find_license((act.result if act.name != "annotate" else None) or act.identifier or "")
    if record is not None:
        told["license"] = reading.as_json(deps, record)
    return _private(jsonify(told)), _ANSWERS.get(act.state, 201)


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise Refusal(API_BODY, field="Content-Type", problem="application/json")
    if request.content_length is None or request.content_length > api.MAX_BODY:
        raise Refusal(API_BODY, field="Content-Length", problem=f"Content-Length up to {api.MAX_BODY}")
    return request.get_data(cache=False)


def _key() -> str | None:
    return request.headers.get("Idempotency-Key")


def _before() -> int | None:
    before = request.args.get("before", "")
    return int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None  # noqa: PLR2004 - 64 bits


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _pdf(content: bytes, name: str) -> Response:
    return _file(content, "application/pdf", name)


def _file(content: bytes | str, kind: str, name: str) -> Response:
    response = _private(Response(content, mimetype=kind))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
