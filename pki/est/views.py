"""The addresses of EST below ``/.well-known/est`` (RFC 7030 3.2.2).

Left to others: every answer (``wire``, ``pki.enrolment``); whose ``Client-Cert`` header is believed (``service.proxies``).
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, abort, request

from kernel.errors import Refusal
from pki import client_cert, enrolment
from pki.est import wire
from pki.life_errors import HOLDER_UNPROVEN, INVITATION_UNSUITABLE
from pki.ports import PkiDeps

_CERTIFICATES = "application/pkcs7-mime; smime-type=certs-only"


def make_blueprint(deps: PkiDeps) -> Blueprint:
    """Return the blueprint of EST."""
    blueprint = Blueprint("est", __name__, url_prefix="/.well-known/est")

    @blueprint.get("/cacerts")
    def ca_certificates() -> Response:
        return _answer(wire.ca_certificates(deps), _CERTIFICATES)

    @blueprint.get("/csrattrs")
    def attributes() -> Response:
        return _answer(wire.encode(wire.ATTRIBUTES), "application/csrattrs")

    @blueprint.post("/simpleenroll")
    def enrol() -> Response:
        who = request.authorization
        if who is None or who.type != "basic" or not who.username or not who.password:
            raise Refusal(INVITATION_UNSUITABLE)
        record = enrolment.enrol(deps, who.username, who.password, _request())
        return _answer(wire.issued(record), _CERTIFICATES)

    @blueprint.post("/simplereenroll")
    def renew() -> Response:
        header = request.environ.get(client_cert.HEADER)
        if header is None:
            raise Refusal(HOLDER_UNPROVEN, problem="TLS")
        record = enrolment.renew(deps, client_cert.shown_certificate(header), _request())
        return _answer(wire.issued(record), _CERTIFICATES)

    @blueprint.after_request
    def challenge(response: Response) -> Response:
        if response.status_code == HTTPStatus.UNAUTHORIZED:  # RFC 7030 3.2.3
            response.headers["WWW-Authenticate"] = 'Basic realm="EST"'
        return response

    return blueprint


def _request() -> bytes:
    if request.mimetype != "application/pkcs10":
        abort(415)
    request.max_content_length = wire.MAX_BODY_BYTES
    return wire.decode_request(request.get_data(cache=False))  # 413 when it is longer


def _answer(content: bytes, content_type: str) -> Response:
    response = Response(content, content_type=content_type)
    response.headers["Content-Transfer-Encoding"] = "base64"
    response.cache_control.no_store = True
    return response
