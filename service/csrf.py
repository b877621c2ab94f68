"""Forms are only accepted from the browser that they were given to (OWASP: signed double submit, plus the Origin header).

And from nobody but the account that was shown them: another that logged in meanwhile, in another tab, does not send the first one's page.

Machine endpoints (``/api``, ``/pki``, ``/crosscert``, the OpenID Connect endpoints) take no cookies and are left out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from itertools import islice
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from markupsafe import Markup

from kernel.errors import Refusal
from kernel.nodes import Node
from kernel.randomness import token
from service.errors import FORM_EXPIRED, FORM_OF_ANOTHER

FIELD = "csrf_token"
MACHINE_PREFIXES = ("/api/", "/pki/", "/oauth/", "/.well-known/", "/crosscert/")
_MAX_COOKIES = 8
_READER = 16
_STRANGER = "0" * _READER
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Csrf:
    """Gives forms their token and checks it on every POST of a page."""

    def __init__(self, node: Node, key: bytes, who: Callable[[], str | None]) -> None:
        """Return the keeper of a node's forms; ``who`` tells which account is logged in in the present request."""
        self._key, self._who = key, who
        self._cookie = node.cookie("form")
        self._secure = node.url.startswith("https:")
        parts = urlsplit(node.url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def init_app(self, app: Flask) -> None:
        """Check every request of ``app``, and give its templates ``csrf_field()``."""
        app.before_request(self._check)
        app.after_request(self._remember)
        app.jinja_env.globals["csrf_field"] = self._field

    def _token(self, browser: str, reader: str) -> str:
        return hmac.new(self._key, f"{reader}{browser}".encode(), hashlib.sha256).hexdigest() + reader

    def _reader(self) -> str:
        """Return by what a form's token tells who was shown it."""
        account_id = self._who()
        return _STRANGER if account_id is None else hmac.new(self._key, account_id.encode(), hashlib.sha256).hexdigest()[:_READER]

    def _browsers(self) -> list[str]:
        """Return the values of this browser's cookies: several, when several tabs first came at once and each was given one."""
        known = (value for name, value in sorted(request.cookies.items()) if name.startswith(self._cookie) and value)
        return list(islice(known, _MAX_COOKIES))

    def _field(self) -> Markup:
        if "csrf_field" not in g:
            browser = next(iter(self._browsers()), None)
            if not browser:
                browser = g.csrf_browser = token()
            form_token = self._token(browser, self._reader())
            g.csrf_field = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, form_token)
        field: Markup = g.csrf_field
        return field

    def _check(self) -> None:
        if request.method in _SAFE_METHODS or request.path.startswith(MACHINE_PREFIXES):
            return
        origin = request.headers.get("Origin")
        if origin is not None and origin != self._origin:
            raise Refusal(FORM_EXPIRED)
        sent = request.form.get(FIELD, "")
        reader = sent[-_READER:]
        if not any(hmac.compare_digest(self._token(browser, reader).encode(), sent.encode()) for browser in self._browsers()):
            raise Refusal(FORM_EXPIRED)
        # Whose login has run out is sent to log in again; a form that a stranger was shown is anybody's.
        if reader not in (_STRANGER, self._reader()) and self._who() is not None:
            raise Refusal(FORM_OF_ANOTHER)

    def _remember(self, response: Response) -> Response:
        browser = g.get("csrf_browser")
        if browser:
            name = f"{self._cookie}_{token(4)}"
            response.set_cookie(name, browser, httponly=True, samesite="Lax", secure=self._secure, path="/")
        return response
