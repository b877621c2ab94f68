"""The PKI's public addresses below ``/pki``: certificates, lists, OCSP (RFC 6960 A), time-stamps (RFC 3161 3.4).

Left to others: every answer (``publications``, ``ocsp``, ``tsa``), the pages of the console (``admin_ui``).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from flask import Blueprint, Response, abort, request

from pki import ocsp, publications, tsa
from pki.ports import PkiDeps
from pki.publications import Publication
from pki.records import CaName

_OCSP_KEPT_SECONDS = 300


def make_blueprint(deps: PkiDeps) -> Blueprint:
    """Return the blueprint of this room."""
    blueprint = Blueprint("pki", __name__, url_prefix="/pki")
    _publish(blueprint, "/<ca>.cer", "ca_certificate", _of_ca(publications.certificate, deps))
    _publish(blueprint, "/<ca>.crl", "ca_crl", _of_ca(publications.revocation_list, deps))
    _publish(blueprint, "/certs.p7c", "certificates", lambda: publications.bundle(deps))

    @blueprint.post("/ocsp")
    def ocsp_post() -> Response:
        body = _body("application/ocsp-request", ocsp.MAX_REQUEST_BYTES)
        return _uncached(ocsp.answer(deps, body), "application/ocsp-response")

    # Base64 has slashes, two of them in a row as well: the path is taken as it is, and nothing is redirected.
    @blueprint.get("/ocsp/<path:encoded>", merge_slashes=False)
    def ocsp_get(encoded: str) -> Response:
        response = _uncached(ocsp.answer(deps, _decode(encoded)), "application/ocsp-response")
        response.headers["Cache-Control"] = f"public, max-age={_OCSP_KEPT_SECONDS}, no-transform"  # RFC 5019 5
        return response

    @blueprint.post("/tsa")
    def tsa_post() -> Response:
        body = _body("application/timestamp-query", tsa.MAX_REQUEST_BYTES)
        return _uncached(tsa.answer(deps, body), "application/timestamp-reply")

    return blueprint


def _of_ca(make: Callable[[PkiDeps, CaName], Publication], deps: PkiDeps) -> Callable[[CaName], Publication]:
    def published(ca: CaName) -> Publication:
        if not publications.has_ca(deps, ca):
            abort(404)
        return make(deps, ca)

    return published


def _publish(blueprint: Blueprint, path: str, name: str, make: Callable[..., Publication]) -> None:
    def view(**which: str) -> Response:
        published = make(**which)
        response = Response(published.content, content_type=published.content_type)
        response.last_modified = published.made_at
        response.cache_control.public = True
        response.cache_control.max_age = int(published.keep.total_seconds())
        response.set_etag(published.tag)
        response.make_conditional(request)
        return response

    blueprint.add_url_rule(path, name, view, methods=["GET"])


def _body(content_type: str, most: int) -> bytes:
    if request.mimetype != content_type:
        abort(415)
    request.max_content_length = most
    return request.get_data(cache=False)  # 413 when it is longer


def _decode(encoded: str) -> bytes:
    """Return the request in a GET's path (RFC 6960 A.1); nothing, which is malformed, when it is not base64."""
    text = unquote_to_bytes(encoded)  # some clients escape twice
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _uncached(content: bytes, content_type: str) -> Response:
    response = Response(content, content_type=content_type)
    response.cache_control.no_store = True
    return response
