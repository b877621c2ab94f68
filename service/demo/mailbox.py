"""The demo's SMS gateway: what nodes send to people, to be read at ``/messages`` instead of on a telephone."""

from __future__ import annotations

import hmac
import json
from collections import deque

from markupsafe import Markup
from werkzeug import Request, Response

_KEPT = 50
_MAX_MESSAGE = 4096
_PAGE = Markup(
    '<!doctype html><html lang="zh"><meta charset="utf-8"><title>演示短信 Messages</title><h1>演示短信 Messages</h1><dl>{}</dl></html>'
)
_MESSAGE = Markup("<dt>{}</dt><dd>{}</dd>")


class Mailbox:
    """The gateway, which wants to be shown ``key``, and its page."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._messages: deque[tuple[str, str]] = deque(maxlen=_KEPT)

    def answer(self, request: Request) -> Response:
        """Take a message, or show those that came last."""
        if request.method != "POST":
            messages = Markup().join(_MESSAGE.format(to, text) for to, text in reversed(self._messages))
            return Response(_PAGE.format(messages), mimetype="text/html")
        try:
            message = json.loads(request.stream.read(_MAX_MESSAGE))
            shown, to, text = (str(message[name]) for name in ("key", "to", "text"))
        except (ValueError, KeyError, TypeError):
            return Response(status=400)
        if not hmac.compare_digest(shown.encode(), self._key.encode()):
            return Response(status=401)
        self._messages.append((to, text))
        return Response(status=202)
