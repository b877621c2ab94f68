"""Nothing typed is lost when a login has run out: the form is kept, and filled in again when its sender has logged in.

1. A form of the account or the console is answered with the way to the login: what was typed is kept (``idp.browsers.kept_forms``),
   and the login is told which form waits.
2. After the login the page is shown on which it was typed, the form filled in, with a note; nothing has been sent.
3. When the form is sent and taken, it is forgotten.

Left to others: who may have it, what is left out (``idp.browsers.kept_forms``), finding it on the page (``filling``).
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from flask import Flask, Response, current_app, g, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from idp.browsers import kept_forms
from idp.browsers.kept_forms import FIELD, THEN, Typed
from idp.ports import IdpDeps
from idp.views import browser
from service import filling

_PLACES = ("/account", "/admin")


class KeptForms:
    """Looks at the answers of one application."""

    def __init__(self, deps: IdpDeps) -> None:
        self._deps = deps

    def init_app(self, app: Flask) -> None:
        """Look at every answer of ``app``."""
        app.after_request(self._look)

    def _look(self, response: Response) -> Response:
        if not request.path.startswith(_PLACES):
            return response
        if request.method == "POST":
            if _leads_to_login(response):
                self._keep(response)
            elif response.status_code < HTTPStatus.BAD_REQUEST and FIELD in request.form:
                self._drop()
        elif FIELD in request.args and response.status_code == HTTPStatus.OK and response.mimetype == "text/html":
            self._fill(response)
        return response

    def _keep(self, response: Response) -> None:
        # 1. The form waits.
        cookie = request.cookies.get(self._deps.node.cookie("session")) or browser.left(self._deps)
        known = browser.visit(self._deps).browser
        typed = Typed(_page(self._deps.node.url), request.path, list(request.form.items(multi=True)))
        form_id = None if g.get("idp_new_browser") else kept_forms.keep(self._deps, cookie, known, typed)
        if form_id is not None:
            response.headers["Location"] = url_for("idp.show_login", then=THEN + form_id)

    def _fill(self, response: Response) -> None:
        # 2. It is shown again.
        current, form_id = browser.current(self._deps), request.args[FIELD][:60]
        if current is None:
            return
        typed = kept_forms.find(self._deps, form_id, current.account.id, browser.visit(self._deps).browser)
        if typed is None:
            return
        own, action = request.script_root + request.path, request.script_root + typed.action
        page, is_there = filling.fill(response.get_data(as_text=True), own, action, typed.fields, {FIELD: form_id})
        note = render_template("kept_form.html", is_there=is_there, fields=[one for one in typed.fields if one[1]])
        response.set_data(filling.put_first(page, note))

    def _drop(self) -> None:
        # 3. It was sent.
        current = browser.current(self._deps)
        if current is not None:
            kept_forms.drop(self._deps, request.form[FIELD][:60], current.account.id)


def _leads_to_login(response: Response) -> bool:
    return response.status_code == HTTPStatus.SEE_OTHER and urlsplit(response.location or "").path == url_for("idp.show_login")


def _page(own: str) -> str:
    """Return the path of the page on which the form was, by what the browser says of it: only one of ours that can be shown."""
    came_from, ours = urlsplit(request.referrer or ""), urlsplit(own)
    if (came_from.scheme, came_from.netloc) == (ours.scheme, ours.netloc) and _can_be_shown(came_from.path):
        query = urlencode([one for one in parse_qsl(came_from.query, keep_blank_values=True) if one[0] != FIELD])
        return came_from.path + (f"?{query}" if query else "")
    if _can_be_shown(request.script_root + request.path):
        return quote(request.script_root + request.path)
    return f"{request.script_root}{'/admin/window' if request.path.startswith('/admin/window') else '/account'}"


def _can_be_shown(path: str) -> bool:
    path = unquote(path).removeprefix(request.script_root)
    if not path.startswith(_PLACES):
        return False
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return False
    return True
