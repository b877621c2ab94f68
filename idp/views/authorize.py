"""The authorization endpoint on Flask. GET and POST alike (Core 3.1.2.1)."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from idp import endpoints
from idp.authorize import flow
from idp.authorize.established import check_none_in_query
from idp.authorize.interactions import Step
from idp.ports import IdpDeps
from idp.views import browser
from idp.wire import read_request

_PAGES: dict[Step | None, str] = {
    None: "/login",
    "login": "/login",
    "second_factor": "/login/second-factor",
    "identity": "/login/identity",
    "consent": "/login/consent",
    "device": endpoints.DEVICE_CONFIRM,
    "go_on": "/login/consent",
}


def add(blueprint: Blueprint, deps: IdpDeps) -> None:
    """Add the endpoint."""

    @blueprint.route(endpoints.AUTHORIZE, methods=["GET", "POST"])
    def begin_authorization() -> Response | str | tuple[str, int]:
        received = read_request(request.environ)
        check_none_in_query(received)
        if received.method == "POST":  # comes from another site, so without our cookies: it waits for the browser's own GET
            return follow(flow.begin(deps, received.form, None))
        return follow(flow.begin(deps, received.query, browser.visit(deps)))


def follow(outcome: flow.Outcome) -> Response | str | tuple[str, int]:
    """Send the answer to the client, or the person to the page that asks what must be asked."""
    if isinstance(outcome, flow.Answer):
        return browser.send(outcome)
    if isinstance(outcome, flow.Held):
        return browser.hold(outcome), outcome.refusal.error.status
    return browser.go_to(f"{request.script_root}{page_of(outcome)}")


def page_of(ask: flow.Ask) -> str:
    """Return the address, below where the node is mounted, of the page that asks what must be asked."""
    return f"{_PAGES[ask.step]}?txn={ask.transaction_id}"
