"""Logging out: by the person's own button, or on a department's request."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response

from idp import endpoints
from idp.logout import results, rp_initiated
from idp.ports import IdpDeps
from idp.views import browser
from idp.wire import Parameters, read_request

_PARAMETERS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales")
_MAX_FORM = 64 * 1024


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the endpoint and the pages."""

    @blueprint.route(endpoints.LOGOUT, methods=["GET", "POST"])
    def begin_logout() -> Response | str:
        received = read_request(request.environ)
        parameters = received.form if received.method == "POST" else received.query
        g.ui_locales = parameters.get("ui_locales")
        checked = rp_initiated.verify_request(deps, parameters)
        current = browser.current(deps)
        # A POST from another site carries no cookies, so nobody is known to be logged in: ask, on a page of our own.
        if rp_initiated.needs_asking(deps, checked, current) or (received.method == "POST" and current is None):
            if checked.redirect_to is not None:
                browser.allow_form_to(checked.redirect_to)
            kept = {name: parameters.values[name] for name in _PARAMETERS if parameters.get(name)}
            return render_template("idp/logout.html", client=checked.client, parameters=kept)
        return _leave(deps, checked)

    @blueprint.post("/logout")
    def confirm_logout() -> Response | str:
        sent = {name: request.form[name][:_MAX_FORM] for name in _PARAMETERS if request.form.get(name)}
        return _leave(deps, rp_initiated.verify_request(deps, Parameters(sent)))

    @blueprint.get("/logout")
    def logged_out() -> Response | str:
        if browser.current(deps) is not None:
            return browser.go_to(url_for("idp.home"))
        return render_template("idp/logged_out.html", ended=results.of_cookie(deps, browser.left(deps)), back=None)


def _leave(deps: IdpDeps, checked: rp_initiated.LogoutRequest) -> Response | str:
    current = browser.current(deps)
    at_once = rp_initiated.goes_back_unasked(deps, checked, current)
    rp_initiated.carry_out(deps, current, client=checked.client)
    browser.log_out(deps)
    if checked.redirect_to is None or at_once:
        return browser.go_to(checked.redirect_to or url_for("idp.logged_out"))
    ended = results.of_cookie(deps, browser.left(deps))
    return render_template("idp/logged_out.html", ended=ended, client=checked.client, back=checked.redirect_to)
