"""Forms are only accepted from the browser that they were given to (OWASP: signed double submit, plus the Origin header).

Machine endpoints (``/api``, ``/pki``, ``/crosscert``, the OpenID Connect endpoints) take no cookies and are left out.
"""

from __future__ import annotations

import hashlib
import hmac
from itertools import islice
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from markupsafe import Markup

from kernel.errors import Refusal
from kernel.nodes import Node
from kernel.randomness import token
from service.errors import FORM_EXPIRED

FIELD = "csrf_token"
MACHINE_PREFIXES = ("/api/", "/pki/", "/oauth/", "/.well-known/", "/crosscert/")
_MAX_COOKIES = 8
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Csrf:
    """Gives forms their token and checks it on every POST of a page."""

    def __init__(self, node: Node, key: bytes) -> None:
        self._key = key
        self._cookie = node.cookie("form")
        self._secure = node.url.startswith("https:")
        parts = urlsplit(node.url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def init_app(self, app: Flask) -> None:
        """Check every request of ``app``, and give its templates ``csrf_field()``."""
        app.before_request(self._check)
        app.after_request(self._remember)
        app.jinja_env.globals["csrf_field"] = self._field

    def _token(self, browser: str) -> str:
        return hmac.new(self._key, browser.encode(), hashlib.sha256).hexdigest()

    def _browsers(self) -> list[str]:
        """Return the values of this browser's cookies: several, when several tabs first came at once and each was given one."""
        known = (value for name, value in sorted(request.cookies.items()) if name.startswith(self._cookie) and value)
        return list(islice(known, _MAX_COOKIES))

    def _field(self) -> Markup:
        if "csrf_field" not in g:
            browser = next(iter(self._browsers()), None)
            if not browser:
                browser = g.csrf_browser = token()
            g.csrf_field = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, self._token(browser))
        field: Markup = g.csrf_field
        return field

    def _check(self) -> None:
        if request.method in _SAFE_METHODS or request.path.startswith(MACHINE_PREFIXES):
            return
        origin = request.headers.get("Origin")
        if origin is not None and origin != self._origin:
            raise Refusal(FORM_EXPIRED)
        sent = request.form.get(FIELD, "").encode()
        if not any(hmac.compare_digest(self._token(browser).encode(), sent) for browser in self._browsers()):
            raise Refusal(FORM_EXPIRED)

    def _remember(self, response: Response) -> Response:
        browser = g.get("csrf_browser")
        if browser:
            name = f"{self._cookie}_{token(4)}"
            response.set_cookie(name, browser, httponly=True, samesite="Lax", secure=self._secure, path="/")
        return response
