"""The login's page and form in front of Flask: what protects every page, for these two without what Flask costs.

1. A request that no database could look up is Flask's to refuse, and so is one too many (``unholdable``, ``floods``).
2. The page has its form's token, its language and all headers (``csrf``, ``i18n``, ``headers``).
3. The form must be good before anything is tried (``csrf``).

Left to others: the login itself (``idp.views.entering``), and all that is not as plain: it goes on to Flask with its body unread.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.http import parse_cookie

from idp.ports import IdpDeps
from idp.views import browser, entering
from idp.wire import OAuthResponse, parse_parameters
from kernel.errors import Refusal
from service import headers, i18n
from service.csrf import FIELD, Csrf
from service.floods import Floods

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_FORM = "application/x-www-form-urlencoded"
_MAX_BODY = 16 * 1024
_ELSEWHERE = OAuthResponse(404)


class Door:
    """Answers at ``entering.LOGIN``."""

    def __init__(self, deps: IdpDeps, csrf: Csrf, floods: Floods) -> None:
        self._deps, self._csrf, self._floods = deps, csrf, floods
        self._headers = lru_cache(maxsize=500)(lambda form_action: headers.of_page(deps.node, form_action))

    def answer(self, _: str, environ: WSGIEnvironment) -> OAuthResponse:
        """Answer a request, or leave it to Flask."""
        # 1. May it be looked at?
        sent, method = environ.get("HTTP_COOKIE", ""), environ["REQUEST_METHOD"]
        if "\\" in sent or entering.find_waiting(environ) is None or method not in {"GET", "POST"}:
            return _ELSEWHERE
        form = _read_form(environ) if method == "POST" else {}
        if form is None or not self._floods.take(entering.LOGIN, environ):
            return _ELSEWHERE
        cookies = parse_cookie(sent).to_dict()
        return (self._show(environ, cookies) if method == "GET" else self._submit(environ, cookies, form)) or _ELSEWHERE

    def _show(self, environ: WSGIEnvironment, cookies: Mapping[str, str]) -> OAuthResponse | None:
        # 2. The page.
        language = i18n.usual_language(self._deps.node, cookies, environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        field, new_cookie = self._csrf.field(cookies, None)
        shown = entering.show(self._deps, environ, cookies, language=language, form=field)
        if shown is None:
            return None
        page, form_action = shown
        own = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), *i18n.page_headers(language))
        given = () if new_cookie is None else (("Set-Cookie", new_cookie),)
        return OAuthResponse(200, page.encode(), (*own, *self._headers(form_action), *given))

    def _submit(self, environ: WSGIEnvironment, cookies: Mapping[str, str], form: Mapping[str, str]) -> OAuthResponse | None:
        # 3. Is the form good? What is not is refused by Flask, which looks again.
        current = browser.find_current(self._deps, cookies)
        account_id = None if current is None else current.account.id
        try:
            self._csrf.check(cookies, form.get(FIELD, ""), origin=environ.get("HTTP_ORIGIN"), who=lambda: account_id)
        except Refusal:
            return None
        tried = entering.submit(self._deps, environ, cookies, form, current)
        return None if tried is None else tried.with_headers(*self._headers(()))


def _read_form(environ: WSGIEnvironment) -> Mapping[str, str] | None:
    """Return a form's values by their names, and put the body back; None for what is no plain form, and then unread or put back as well."""
    length = environ.get("CONTENT_LENGTH") or ""
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if media_type != _FORM or not (length.isascii() and length.isdigit()) or len(length) > len(str(_MAX_BODY)):
        return None
    if int(length) > _MAX_BODY:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    try:
        said = parse_parameters(body, max_bytes=_MAX_BODY)
    except Refusal:  # not UTF-8 among them
        return None
    return None if said.doubled or said.repeated else said.values
