"""A server that lies: ``python -m tests.support.hostile PORT FOLDER``.

It answers with the files of FOLDER (a path's slashes made underscores), except where ``behaviour.json``, read at each request, says for a
path (or for all others, ``*``) what to do instead: ``drip``, ``huge``, ``redirect``, ``garbage``, ``error``, ``unmodified`` or ``hang``.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    folder: Path

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._send(b"ok\n")
            return
        behaviour = json.loads((self.folder / "behaviour.json").read_text(encoding="utf-8"))
        what = behaviour.get(self.path, behaviour.get("*", "file"))
        ways = {
            "file": self._file,
            "garbage": self._garbage,
            "error": self._error,
            "redirect": self._redirect,
            "unmodified": self._unmodified,
            "huge": self._huge,
            "drip": self._drip,
            "hang": self._hang,
        }
        ways[what]()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self) -> None:
        file = self.folder / self.path.strip("/").replace("/", "_")
        self._send(file.read_bytes() if file.exists() else b"", 200 if file.exists() else 404)

    def _garbage(self) -> None:
        self._send(b"\x30\x82\xff\xff{" * 1000)

    def _error(self) -> None:
        self._send(b"", 500)

    def _redirect(self) -> None:
        self._send(b"", 302, Location="http://169.254.169.254/latest/meta-data/")

    def _unmodified(self) -> None:
        self._send(b"", 304)

    def _huge(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(80):
            self.wfile.write(bytes(1024 * 1024))

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while True:
            self.wfile.write(b"{")
            time.sleep(0.2)

    def _hang(self) -> None:
        time.sleep(600)


def main() -> None:
    """Serve until killed."""
    Handler.folder = Path(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
