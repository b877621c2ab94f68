"""Where departments push account events to (RFC 8935). A machine endpoint: no cookies, no pages."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from idp.events import receiving
from idp.events.errors import CODES
from idp.events.sending import CONTENT_TYPE
from idp.ports import IdpDeps
from kernel.errors import Refusal
from pki.jose import MAX_TOKEN_BYTES


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the endpoint."""

    @blueprint.post("/api/v1/account-events")
    def receive_event() -> Response | tuple[Response, int]:
        # Of another type than RFC 8935 wants it is nothing that could be one.
        body = request.stream.read(MAX_TOKEN_BYTES + 1) if request.mimetype == CONTENT_TYPE else b""
        try:
            receiving.receive(deps, body, address=request.remote_addr or "")
        except Refusal as refusal:
            if refusal.error not in CODES:
                raise
            return jsonify({"err": CODES[refusal.error], "description": refusal.text.en}), refusal.error.status
        return Response(status=202)
