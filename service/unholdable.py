"""Refuses what no database can hold before anything is looked up by it: PostgreSQL takes no NUL in a text, not even to find nothing.

Left to others: forms (each page reads its own), documents that machines send (their parsers).
"""

from __future__ import annotations

from flask import Flask, request
from werkzeug.exceptions import BadRequest

_NUL = "\0"


def init_app(app: Flask) -> None:
    """Refuse every request of ``app`` that has one in its address or in a cookie."""
    app.before_request(_check)


def _check() -> None:
    # A query writes one as %00, a quoted cookie as \000: where neither sign is, nothing need be taken apart.
    query = request.args.items(multi=True) if b"%00" in request.query_string else ()
    cookies = request.cookies.items(multi=True) if "\\" in request.headers.get("Cookie", "") else ()
    if _NUL in request.path or any(_NUL in text for pairs in (query, cookies) for pair in pairs for text in pair):
        raise BadRequest
