"""Style sheets, scripts and drawings: each address names its content, so browsers keep them; texts travel compressed.

Only these files are compressed. Pages are not: they hold form tokens beside what the visitor sent (the BREACH attack).
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

_TEXTS = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml"})
_YEAR = 365 * 86400
_SMALL = 500  # bytes that fit into the first packet anyway


class Assets:
    """The files below ``/static`` of one application, with their digests and compressed forms, each made once."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], str | None] = {}
        self._packed: dict[str, bytes] = {}

    def init_app(self, app: Flask) -> None:
        """Name the content in addresses that ``app`` builds, and send the files lightly."""
        self._app = app
        app.url_defaults(self._name_the_content)
        app.after_request(self._send_lightly)

    def _version(self, endpoint: str, filename: str) -> str | None:
        key = (endpoint, filename)
        if key not in self._versions:
            holder = self._app if endpoint == "static" else self._app.blueprints[endpoint.partition(".")[0]]
            file = Path(holder.static_folder or "") / filename
            self._versions[key] = hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else None
        return self._versions[key]

    def _name_the_content(self, endpoint: str, values: dict[str, Any]) -> None:
        if _is_file(endpoint) and "filename" in values:
            version = self._version(endpoint, values["filename"])
            if version is not None:
                values.setdefault("v", version)

    def _send_lightly(self, response: Response) -> Response:
        if not _is_file(request.endpoint or "") or response.status_code != 200:  # noqa: PLR2004 - 304 and 404 go as they are
            return response
        version = self._version(request.endpoint or "", (request.view_args or {})["filename"])
        if version is None:
            return response
        if request.args.get("v") == version:
            response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        if response.mimetype in _TEXTS and (response.content_length or 0) > _SMALL:
            response.vary.add("Accept-Encoding")
            if request.accept_encodings.quality("gzip") > 0 and "Range" not in request.headers:
                self._pack(response, version)
        return response

    def _pack(self, response: Response, version: str) -> None:
        response.direct_passthrough = False
        original = response.get_data()
        if version not in self._packed:
            self._packed[version] = gzip.compress(original, mtime=0)
        response.set_data(self._packed[version])
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("ETag", None)  # it named the other form


def _is_file(endpoint: str) -> bool:
    """Tell whether an endpoint serves a folder of files: the application's or a blueprint's."""
    return endpoint == "static" or endpoint.endswith(".static")
