"""The licence room over HTTP: verification (page and API), the QR code's page, a holder's own documents.

A view parses, calls one function, renders. Left to others: every decision (``verification``, ``archive``), what is published for
machines (``transparency.views``), errors on the wire and forms' tokens (``service``).
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, g, jsonify, render_template, request

from kernel.errors import Refusal
from kernel.limiter import Limiter, SlidingWindow
from licenses import archive, openapi
from licenses.errors import DOCUMENT_MISSING, LICENSE_NOT_FOUND
from licenses.number_check import check_number
from licenses.ports import LicenseDeps
from licenses.presentation import present
from licenses.qr import PAGE as QR_PAGE
from licenses.qr_check import check
from licenses.qr_pictures import MAX_PICTURE_BYTES, is_picture, read_picture
from licenses.report_data import claims_of
from licenses.reports import statement
from licenses.reports.collected import collect
from licenses.reports.evidence import make_evidence
from licenses.reports.page import make_report
from licenses.transparency.views import add_publications
from licenses.verification import check_size, take_turn, verify

_PDF, _JSON, _ZIP = "application/pdf", "application/json", "application/zip"
_WANTED = {"statement": statement.MEDIA_TYPE, "report": _PDF, "evidence": _ZIP}
"""What the page's other buttons ask for."""

_FORM_OVERHEAD = 64 * 1024


def make_blueprint(deps: LicenseDeps, limiter: Limiter | None = None) -> Blueprint:
    """Return the room's addresses. ``limiter`` counts verifications by network address; by default in this process."""
    room = Blueprint(
        "licenses", __name__, template_folder="templates", static_folder="static", static_url_path="/licenses/static"
    )
    counter = limiter or SlidingWindow(deps.policies.licenses.verification.per_address_per_minute)
    _add_verification(room, deps, counter)
    _add_forms(room, deps, counter)
    _add_documents(room, deps)
    add_publications(room, deps)
    return room


def _add_verification(room: Blueprint, deps: LicenseDeps, limiter: Limiter) -> None:
    limit = deps.policies.licenses.verification.max_upload_bytes

    @room.post("/api/v1/verifications")
    def verify_by_api() -> Response:
        take_turn(deps, limiter, request.remote_addr or "")
        kind = request.accept_mimetypes.best_match([_JSON, statement.MEDIA_TYPE, _PDF, _ZIP], default=_JSON)
        return _answer(deps, _uploaded(deps), kind, _actor(deps, "api"))

    @room.get("/api/v1/openapi.json")
    def describe_api() -> Response:
        return jsonify(openapi.describe(deps.node.url, deps.described))

    @room.get("/verify")
    def verify_page() -> str:
        g.camera = True
        return render_template("licenses/verify.html", limit=limit)

    @room.post("/verify")
    def verify_by_page() -> str | Response:
        take_turn(deps, limiter, request.remote_addr or "")
        pdf, kind = _uploaded(deps), _WANTED.get(request.form.get("as", ""))
        if is_picture(pdf):
            return render_template("licenses/qr_verdict.html", verdict=check(deps, read_picture(pdf), actor=_actor(deps, "page")))
        if kind is not None:
            return _answer(deps, pdf, kind, _actor(deps, "page"))
        at = deps.clock.now()
        verdict = verify(deps, pdf, actor=_actor(deps, "page"), at=at)
        signed = statement.make_statement(deps, pdf, verdict, at)
        return render_template("licenses/verdict.html", page=present(verdict), statement=signed)

    @room.get(QR_PAGE)
    def qr_page() -> str:
        g.camera = True
        return render_template("licenses/qr.html", limit=limit)

    @room.post(QR_PAGE)
    def verify_code() -> str:
        take_turn(deps, limiter, request.remote_addr or "")
        return render_template("licenses/qr_verdict.html", verdict=check(deps, _code(), actor=_actor(deps, "page")))


def _add_forms(room: Blueprint, deps: LicenseDeps, limiter: Limiter) -> None:
    @room.post("/verify/report")
    def take_report() -> Response:
        take_turn(deps, limiter, request.remote_addr or "")
        signed = request.form.get("statement", "")
        claims = statement.own_claims(deps, signed, deps.clock.now())
        if request.form.get("as") == "statement":
            return _download(signed, statement.MEDIA_TYPE, "verification.jws")
        return _download(make_report(deps, claims), _PDF, "verification.pdf")

    @room.post("/verify/number")
    def verify_number() -> str:
        number, code = request.form.get("number", ""), request.form.get("check_code", "")
        address = request.remote_addr or ""
        verdict = check_number(deps, number, code, actor=_actor(deps, "page"), address=address, limiter=limiter)
        return render_template("licenses/qr_verdict.html", verdict=verdict)


def _add_documents(room: Blueprint, deps: LicenseDeps) -> None:
    @room.get("/licenses/<identifier>.pdf")
    def holders_document(identifier: str) -> Response:
        deps.visitors.check_files()
        visitor = deps.visitors.current()
        # To anybody else it is as if there were none; for a stranger nothing is looked up, so the answer takes as long either way.
        record = None if visitor is None or visitor.holder_id is None else archive.get_license(deps, identifier)
        if visitor is None or record is None or visitor.holder_id != record.holder_id:
            raise Refusal(LICENSE_NOT_FOUND, field="identifier")
        response = Response(archive.get_document(deps, record), mimetype=_PDF)
        response.headers["Content-Disposition"] = f'attachment; filename="{archive.file_name(record)}"'
        response.headers["Cache-Control"] = "private, no-store"
        return response


def _answer(deps: LicenseDeps, pdf: bytes, kind: str, actor: str) -> Response:
    """Return the verdict on ``pdf`` in the form that is wanted: as it is, as a signed statement or sealed report, or with its evidence."""
    if kind == _JSON:
        return jsonify(verify(deps, pdf, actor=actor).as_json())
    if kind == _ZIP:
        return _download(make_evidence(deps, collect(deps, pdf, actor=actor)), _ZIP, "evidence.zip")
    at = deps.clock.now()
    verdict = verify(deps, pdf, actor=actor, at=at)
    if kind == _PDF:
        return _download(make_report(deps, claims_of(deps.node, pdf, verdict, at)), _PDF, "verification.pdf")
    return _download(statement.make_statement(deps, pdf, verdict, at), kind, "verification.jws")


def _download(content: bytes | str | Iterator[bytes], kind: str, name: str) -> Response:
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _uploaded(deps: LicenseDeps) -> bytes:
    """Return the PDF of the request: the multipart field ``file`` or a body of application/pdf. Refused before it is read if too large."""
    limit = deps.policies.licenses.verification.max_upload_bytes
    if request.content_length is not None and request.content_length > limit + _FORM_OVERHEAD:
        check_size(deps, request.content_length)
    request.max_content_length = limit + _FORM_OVERHEAD
    if request.mimetype == _PDF:
        return request.get_data(cache=False)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Refusal(DOCUMENT_MISSING, field="file")
    content: bytes = file.read(limit + 1)
    return content


def _code() -> str:
    """Return the text of the request's QR code: typed or scanned in ``code``, else read from the picture in ``picture``."""
    request.max_content_length = MAX_PICTURE_BYTES + _FORM_OVERHEAD
    picture = request.files.get("picture")
    if picture is None or not picture.filename:
        return request.form.get("code", "")
    return read_picture(picture.read(MAX_PICTURE_BYTES + 1))


def _actor(deps: LicenseDeps, way: str) -> str:
    visitor = deps.visitors.current()
    return f"public:{way}" if visitor is None else f"account:{visitor.account_id}"
