"""The PKI's public addresses on Flask: each is answered by :mod:`pki.dispatch`, which the thin dispatcher in front calls as well.

Left to others: every answer (``dispatch``), the pages of the console (``admin_ui``).
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import MethodNotAllowed

from pki import dispatch
from pki.ports import PkiDeps

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""All: which of them an address takes, ``dispatch`` knows."""


def make_blueprint(deps: PkiDeps) -> Blueprint:
    """Return the blueprint of this room."""
    blueprint = Blueprint("pki", __name__)
    for key in dispatch.ADDRESSES:
        _add(blueprint, deps, key)
    return blueprint


def _add(blueprint: Blueprint, deps: PkiDeps, key: str) -> None:
    def view(rest: str = "") -> Response:
        del rest  # taken from the path as it came
        found = dispatch.answer(deps, key, request.environ)
        if found.status == HTTPStatus.METHOD_NOT_ALLOWED:
            raise MethodNotAllowed(dict(found.headers)["Allow"].split(", "))
        if found.status >= HTTPStatus.BAD_REQUEST:
            abort(found.status)
        return Response(found.body, found.status, list(found.headers))

    # Base64 has slashes, two of them in a row as well: the path is taken as it is, and nothing is redirected.
    rule = f"{key}<path:rest>" if key.endswith("/") else key
    endpoint = key.removeprefix("/pki/").replace(".", "_").replace("/", "_")
    blueprint.add_url_rule(rule, endpoint, view, methods=_METHODS, merge_slashes=False, provide_automatic_options=False)
