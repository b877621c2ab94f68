"""An SMS gateway on a loopback port, as the operations manual wants one: what it is handed, a test reads."""

from __future__ import annotations

import json
import threading
from queue import SimpleQueue
from typing import Self

from werkzeug import Request, Response
from werkzeug.serving import make_server


class Gateway:
    """``texts`` are the messages in the order in which they came."""

    key = "the key of a test's gateway"

    def __init__(self) -> None:
        self.texts: SimpleQueue[str] = SimpleQueue()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}/sms"

    @Request.application
    def _answer(self, request: Request) -> Response:
        message = json.loads(request.get_data())
        if message["key"] != self.key:
            return Response(status=401)
        self.texts.put(message["text"])
        return Response(status=202)
