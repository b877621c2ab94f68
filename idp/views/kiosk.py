"""A kiosk in a hall as pages of ours: large, without a keyboard, entered by a phone (``device.hall``), and left by itself.

A cookie says that this browser is a kiosk: the frame of all pages is larger there, and its script asks here how things stand.
"""

from __future__ import annotations

from dataclasses import asdict

import segno
from flask import Blueprint, g, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response

from idp.browsers.sessions import Started
from idp.device import hall
from idp.ports import IdpDeps
from idp.views import browser


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the pages, and what their script asks."""
    _add_pages(blueprint, deps)

    @blueprint.get("/kiosk/<client_id>/session")
    def tell_kiosk(client_id: str) -> Response:
        cookie = request.cookies.get(deps.node.cookie(browser.SESSION))
        answer = jsonify(asdict(hall.tell(deps, client_id, _in_cookie(deps, client_id) or "", cookie, browser.device())))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @blueprint.post("/kiosk/<client_id>/session")
    def stay_at_kiosk(client_id: str) -> Response:
        browser.current(deps)  # which is a touch
        return tell_kiosk(client_id)


def _in_cookie(deps: IdpDeps, client_id: str) -> str | None:
    """Return the device code of this kiosk's browser; None when it is none, or another kiosk."""
    found = browser.find_kiosk(deps, request.cookies)
    return found[1] if found is not None and found[0] == client_id else None


def _add_pages(blueprint: Blueprint, deps: IdpDeps) -> None:
    @blueprint.get("/kiosk/<client_id>")
    def show_kiosk(client_id: str) -> str:
        """Show how to begin; whoever was here is logged out, for this is where pages lead that nobody touches.

        Their language leaves with them. Whoever chooses one here and goes away is asked after as on every other page.
        """
        kiosk, current = hall.get_kiosk(deps, client_id, browser.device()), browser.current(deps)
        g.kiosk, g.language_forgotten = client_id, True
        if current is not None and _in_cookie(deps, client_id) is not None:
            hall.leave(deps, current, client_id)
            browser.log_out(deps, watched=False)
        return render_template("idp/kiosk.html", client=kiosk, waiting=None, qr=None)

    @blueprint.post("/kiosk/<client_id>")
    def begin_kiosk(client_id: str) -> Response:
        code = hall.begin(deps, client_id, browser.device())
        answer = browser.go_to(url_for("idp.wait_at_kiosk", client_id=client_id))
        secure = deps.node.url.startswith("https:")
        name = deps.node.cookie(browser.KIOSK)
        answer.set_cookie(name, f"{client_id}.{code}", httponly=True, samesite="Lax", secure=secure, path="/")
        return answer

    @blueprint.get("/kiosk/<client_id>/code")
    def wait_at_kiosk(client_id: str) -> Response | str:
        device_code = _in_cookie(deps, client_id)
        seen = None if device_code is None else hall.look(deps, client_id, device_code, browser.device())
        if seen is None:
            return browser.go_to(url_for("idp.show_kiosk", client_id=client_id))
        if isinstance(seen, Started):
            browser.log_in(seen)
            return browser.go_to(url_for("idp.home"))
        kiosk = hall.get_kiosk(deps, client_id, browser.device())
        qr = segno.make(seen.address, error="m", micro=False).svg_data_uri(border=4, dark="#000", light="#fff")
        return render_template("idp/kiosk.html", client=kiosk, waiting=seen, qr=qr)
