"""The machine endpoints on Flask, for where no dispatcher stands in front of it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from idp import dispatch
from idp.ports import IdpDeps


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the endpoints of :mod:`idp.dispatch`."""

    def answer() -> Response:
        response = dispatch.answer(deps, request.path, request.environ)
        return Response(response.body, response.status, list(response.headers))

    for path in dispatch.ENDPOINTS:
        blueprint.add_url_rule(
            path,
            endpoint=path.rpartition("/")[2].replace("-", "_"),
            view_func=answer,
            methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"],
            provide_automatic_options=False,
        )
