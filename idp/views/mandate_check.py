"""The address at which departments' systems ask how a mandate stands."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from idp.enterprises.documents import ADDRESS
from idp.ports import IdpDeps
from idp.tokens import mandate_check
from idp.views.systems import challenging
from idp.wire import read_request

_LONGEST = 60


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the address."""

    @blueprint.get(f"{ADDRESS}<mandate_id>")
    def check_mandate(mandate_id: str) -> Response:
        received = read_request(request.environ)
        with challenging(deps, received):
            answer = jsonify(mandate_check.check(deps, received, mandate_id[:_LONGEST].replace("\0", "")))
        answer.headers["Cache-Control"] = "no-store"
        return answer
