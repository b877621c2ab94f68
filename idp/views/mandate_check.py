"""The address at which departments' systems ask how a mandate stands."""

from __future__ import annotations

from flask import Blueprint, Response, after_this_request, jsonify, request

from idp.enterprises.documents import ADDRESS
from idp.ports import IdpDeps
from idp.tokens import mandate_check
from idp.tokens.resource import refused
from idp.wire import read_request
from kernel.errors import Refusal

_CHALLENGED = frozenset({401, 403})


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the address."""

    @blueprint.get(f"{ADDRESS}<mandate_id>")
    def check_mandate(mandate_id: str) -> Response:
        received = read_request(request.environ)
        try:
            answer = jsonify(mandate_check.check(deps, received, mandate_id))
        except Refusal as refusal:
            if refusal.error.status in _CHALLENGED:  # RFC 6750 3; the problem itself is written where all are
                challenge = dict(refused(deps, received, refusal).headers)["WWW-Authenticate"]
                after_this_request(lambda response: _challenge(response, challenge))
            raise
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _challenge(response: Response, challenge: str) -> Response:
    response.headers["WWW-Authenticate"] = challenge
    return response
