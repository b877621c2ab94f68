"""This room's addresses: the node's signed description, where others send revocation lists, where departments ask about tokens.

Left to others: what is in the description (``node_description``), whether a list is taken (``federation.arrivals``), a token good (``tokens``).
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from crosscert.errors import TOO_MANY_REQUESTS
from crosscert.federation import arrivals
from crosscert.node_description import PATH, describe
from crosscert.openapi import TOKENS_PATH
from crosscert.ports import CrosscertDeps
from crosscert.tokens import MAX_TOKEN_BYTES, verify_token
from kernel.errors import Refusal
from kernel.limiter import Limiter, SlidingWindow, counted_as

LISTS_PER_MINUTE = 30
TOKENS_PER_MINUTE = 600
_FORM_BYTES = 2 * MAX_TOKEN_BYTES


def make_blueprint(deps: CrosscertDeps) -> Blueprint:
    """Return the routes of this room. Lists and tokens are counted by network address, in this process."""
    blueprint = Blueprint("crosscert", __name__)
    lists, tokens = SlidingWindow(LISTS_PER_MINUTE), SlidingWindow(TOKENS_PER_MINUTE)

    @blueprint.get(PATH)
    def node_description() -> Response:
        document, etag = describe(deps)
        response = Response(document, mimetype="application/json")
        response.headers["Cache-Control"] = "public, max-age=60"
        response.headers["ETag"] = etag
        response.make_conditional(request)
        return response

    @blueprint.post(arrivals.PATH)
    def revocation_list() -> tuple[str, int]:
        sender = _take_turn(deps, lists)
        if request.mimetype != arrivals.CONTENT_TYPE:
            abort(415)
        request.max_content_length = arrivals.MAX_BYTES
        arrivals.take_in(deps, request.get_data(cache=False), sender=sender)  # 413 when it is longer
        return "", 204

    @blueprint.post(TOKENS_PATH)
    def token_verification() -> Response:
        _take_turn(deps, tokens)
        request.max_content_length = _FORM_BYTES
        form = request.form
        verdict = verify_token(deps, form.get("token", ""), at=deps.clock.now(), audience=form.get("audience"))
        response = jsonify(verdict.as_json())
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def _take_turn(deps: CrosscertDeps, limiter: Limiter) -> str:
    """Count the request and return what its address is counted as; ``Refusal(too_many_requests)``."""
    address = counted_as(request.remote_addr or "")
    if seconds := limiter.take(address, deps.clock.now()):
        raise Refusal(TOO_MANY_REQUESTS, seconds=seconds)
    return address
