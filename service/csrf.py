"""Forms are only accepted from the browser that they were given to (OWASP: signed double submit, plus the Origin header).

And from nobody but the account that was shown them: another that logged in meanwhile, in another tab, does not send the first one's page.

Machine endpoints (``/api``, ``/pki``, ``/crosscert``, the OpenID Connect endpoints) take no cookies and are left out.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from itertools import islice
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from markupsafe import Markup

from idp.views.browser import as_cookie
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
        self._node = node
        parts = urlsplit(node.url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def init_app(self, app: Flask) -> None:
        """Check every request of ``app``, and give its templates ``csrf_field()``."""
        app.extensions["csrf"] = self
        app.before_request(self._check)
        app.after_request(self._remember)
        app.jinja_env.globals["csrf_field"] = self._field

    def field(self, cookies: Mapping[str, str], account_id: str | None) -> tuple[Markup, str | None]:
        """Return the field of a form for the browser with these cookies, and the cookie that it is given where it has none."""
        browser, cookie = next(iter(self._browsers(cookies)), None), None
        if browser is None:
            browser = token()
            cookie = as_cookie(self._node, f"{self._cookie}_{token(4)}", browser)
        form_token = self._token(browser, self._reader(account_id))
        return Markup(f'<input type="hidden" name="{FIELD}" value="{form_token}">'), cookie  # noqa: S704 - hexadecimal

    def check(self, cookies: Mapping[str, str], sent: str, *, origin: str | None, who: Callable[[], str | None]) -> None:
        """Refuse a form that was ``sent`` from elsewhere, or by another than it was shown to."""
        if origin is not None and origin != self._origin:
            raise Refusal(FORM_EXPIRED)
        reader, octets = sent[-_READER:], sent.encode()
        if not any(hmac.compare_digest(self._token(one, reader).encode(), octets) for one in self._browsers(cookies)):
            raise Refusal(FORM_EXPIRED)
        # Whose login has run out is sent to log in again; a form that a stranger was shown is anybody's.
        if reader != _STRANGER and who() is not None and reader != self._reader(who()):
            raise Refusal(FORM_OF_ANOTHER)

    def _token(self, browser: str, reader: str) -> str:
        return hmac.digest(self._key, f"{reader}{browser}".encode(), "sha256").hex() + reader

    def _reader(self, account_id: str | None) -> str:
        """Return by what a form's token tells who was shown it."""
        return _STRANGER if account_id is None else hmac.digest(self._key, account_id.encode(), "sha256").hex()[:_READER]

    def _browsers(self, cookies: Mapping[str, str]) -> list[str]:
        """Return the values of a browser's cookies: several, when several tabs first came at once and each was given one."""
        known = (value for name, value in sorted(cookies.items()) if name.startswith(self._cookie) and value)
        return list(islice(known, _MAX_COOKIES))

    def _field(self) -> Markup:
        if "csrf_field" not in g:
            g.csrf_field, g.csrf_cookie = self.field(request.cookies, self._who())
        field: Markup = g.csrf_field
        return field

    def _check(self) -> None:
        if request.method in _SAFE_METHODS or request.path.startswith(MACHINE_PREFIXES):
            return
        sent = request.form.get(FIELD, "")
        self.check(request.cookies, sent, origin=request.headers.get("Origin"), who=self._who)

    def _remember(self, response: Response) -> Response:
        cookie = g.get("csrf_cookie")
        if cookie:
            response.headers.add("Set-Cookie", cookie)
        return response
