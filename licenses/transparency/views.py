"""What a node publishes for everybody's machines: the status list, the log's head, key and tiles, and what it witnessed.

All of it may be cached; what never changes, for ever. Left to others: what is published (``status``, ``checkpoint``, ``tiles``, ``witness``).
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, request

from licenses import checkpoint, status
from licenses.data import STATUS_PATH
from licenses.ports import LicenseDeps
from licenses.transparency import witness
from licenses.transparency.tiles import parse_tile, read_tile

_FEW_SECONDS, _FOR_EVER = timedelta(seconds=5), timedelta(days=365)
_TEXT, _OCTETS = "text/plain; charset=utf-8", "application/octet-stream"


def add_publications(room: Blueprint, deps: LicenseDeps) -> None:
    """Add the addresses to the room's."""

    @room.get(STATUS_PATH)
    def status_list() -> Response:
        return _published(status.current(deps).body, f"application/{status.TOKEN_TYPE}", status.CACHED)

    @room.get(checkpoint.PATH)
    def log_checkpoint() -> Response:
        with deps.work.read() as work:
            return _published(checkpoint.sign_checkpoint(deps, work.records), _TEXT, _FEW_SECONDS)

    @room.get(checkpoint.KEY_PATH)
    def log_key() -> Response:
        return _published(checkpoint.key_statement(deps), "application/jwt", status.CACHED)

    @room.get(f"{checkpoint.ADDRESS}/tile/<path:path>")
    def log_tile(path: str) -> Response:
        tile = parse_tile(path)
        with deps.work.read() as work:
            return _published(read_tile(work.records, tile), _OCTETS, _FOR_EVER)

    @room.get(f"{witness.ADDRESS}/<code>")
    def log_witnessed(code: str) -> Response:
        return _published(witness.find_cosigned(deps, code), _TEXT, _FEW_SECONDS)


def _published(body: str | bytes, kind: str, cached: timedelta) -> Response:
    response = Response(body, content_type=kind)
    response.headers["Cache-Control"] = f"public, max-age={int(cached.total_seconds())}" + (
        ", immutable" if cached == _FOR_EVER else ""
    )
    response.add_etag()
    response.make_conditional(request)
    return response
