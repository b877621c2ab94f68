"""A page on a loopback port of its own, as a department's public client in browsers would be served."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug import Request, Response
from werkzeug.serving import make_server


@contextmanager
def served_page(port: int, files: Mapping[str, Path], settings: Mapping[str, Any]) -> Iterator[str]:
    """Serve ``files`` by their paths, and ``settings`` as /settings.json, for the length of the block; returns the origin."""

    @Request.application
    def answer(request: Request) -> Response:
        if request.path == "/settings.json":
            return Response(json.dumps(settings), content_type="application/json")
        file = files.get(request.path)
        if file is None:
            return Response(status=404)
        kind = "text/html; charset=utf-8" if file.suffix == ".html" else "text/javascript; charset=utf-8"
        return Response(file.read_bytes(), content_type=kind)

    # With threads: a connection that a browser opens in reserve keeps no other waiting.
    server = make_server("127.0.0.1", port, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
