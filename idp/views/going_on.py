"""The authorization endpoint in front of Flask, for a browser's GET that is sent on at once: to the client, or to the page that asks.

Most are: single sign-on shows no page at all. What is left to Flask (``authorize``) is told by an answer without words, before anything is
stored: what a page must tell, and what is or may be answered by one (``form_post``, a request that stands elsewhere).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.http import parse_cookie

from idp.authorize import flow
from idp.authorize.transactions import find_visit
from idp.ports import IdpDeps
from idp.views import browser
from idp.views.authorize import page_of
from idp.wire import OAuthRequest, OAuthResponse, read_request
from kernel.errors import Refusal
from kernel.randomness import token

_ELSEWHERE = OAuthResponse(404)
_SEE_OTHER = 303
_FOR_FLASK = frozenset({"request", "request_uri", "lang"})


def answer(deps: IdpDeps, environ: Mapping[str, Any]) -> OAuthResponse:
    """Send the browser on, or leave the request to Flask."""
    if environ["REQUEST_METHOD"] != "GET":  # and its body, which can be read but once, stays as it is
        return _ELSEWHERE
    try:
        request = read_request(environ)
        if _needs_flask(request):
            return _ELSEWHERE
        cookies = parse_cookie(environ.get("HTTP_COOKIE", "")).to_dict()
        known = browser.find_browser(deps, cookies)
        cookie = cookies.get(deps.node.cookie(browser.SESSION))
        visit = find_visit(deps, known or (token(),), cookie, request.query.get("client_id"))
        outcome = flow.begin(deps, request.query, visit)
    except Refusal:
        return _ELSEWHERE
    if isinstance(outcome, flow.Held):
        return _ELSEWHERE
    mounted = environ.get("SCRIPT_NAME", "")
    location = browser.location_of(outcome) if isinstance(outcome, flow.Answer) else f"{mounted}{page_of(outcome)}"
    new = () if known else (("Set-Cookie", browser.new_cookie(deps, visit.browser[0])),)
    return OAuthResponse(_SEE_OTHER, b"", (("Location", location), ("Cache-Control", "no-store"), *new))


def _needs_flask(request: OAuthRequest) -> bool:
    # A language that is asked for is remembered by the pages.
    return not _FOR_FLASK.isdisjoint(request.query.values) or request.query.get("response_mode") == "form_post"
