"""The one address of this room: the node's signed description. Left to others: what is in it (``node_description``)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from crosscert.node_description import PATH, describe
from crosscert.ports import CrosscertDeps


def make_blueprint(deps: CrosscertDeps) -> Blueprint:
    """Return the routes of this room."""
    blueprint = Blueprint("crosscert", __name__)

    @blueprint.get(PATH)
    def node_description() -> Response:
        document, etag = describe(deps)
        response = Response(document, mimetype="application/json")
        response.headers["Cache-Control"] = "public, max-age=60"
        response.headers["ETag"] = etag
        response.make_conditional(request)
        return response

    return blueprint
