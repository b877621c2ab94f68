"""The browser of the present request: its cookies, who is logged in in it, and how answers reach the client through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote_plus

from flask import Response, g, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from idp.authorize.flow import Answer, Held
from idp.authorize.request import AuthorizationRequest
from idp.authorize.transactions import Visit
from idp.browsers import sessions
from idp.browsers.sessions import Current, Device
from idp.browsers.visitors import as_visitor
from idp.clients import redirect_uris
from idp.device.errors import KIOSK_FILES
from idp.ports import IdpDeps
from idp.records import Visitor
from kernel.errors import Refusal, wait_seconds
from kernel.nodes import Node
from kernel.randomness import token
from pki.client_cert import HEADER, shown_certificate

SESSION = "session"
_BROWSER = "browser"
KIOSK = "kiosk"  # templates/layout.html reads it as well
_MAX_BROWSER_COOKIES = 8
_LEFT = "left"
_LEFT_SECONDS = 3600
_SEE_OTHER = 303
_KNOWN_SECONDS = 400 * 86400
"""A browser is known again for so long, so that its owner is not told of each login in it."""
_UNASKED = object()
_AS_IT_IS = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


class Visitors:
    """Tells who is visiting, by the session cookie of the present request; looked up once a request."""

    def __init__(self, deps: IdpDeps) -> None:
        self._deps = deps

    def current(self) -> Visitor | None:
        """Return who is logged in, None for a stranger."""
        found = current(self._deps)
        return None if found is None else as_visitor(found)

    def check_files(self) -> None:
        """Refuse files about people at a kiosk, as :func:`check_files` does."""
        check_files(self._deps)


def current(deps: IdpDeps) -> Current | None:
    """Return who is logged in in this browser."""
    found = g.get("idp_current", _UNASKED)
    if found is _UNASKED:
        found = g.idp_current = find_current(deps, request.cookies)
    return found  # type: ignore[no-any-return]  # g is untyped


def visit(deps: IdpDeps) -> Visit:
    """Return this browser; one that is new is given a cookie of its own.

    Its name differs each time: when the first tabs come at once, each answer sets one, and none may take another's place.
    """
    known = find_browser(deps, request.cookies)
    if not known:
        g.idp_new_browser = g.get("idp_new_browser") or token()
        known = (g.idp_new_browser,)
    return Visit(known, current(deps))


def find_browser(deps: IdpDeps, cookies: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of a browser's own cookies; none for one that is new."""
    prefix = deps.node.cookie(_BROWSER)
    known = [value for name, value in sorted(cookies.items()) if name.startswith(prefix) and value]
    return tuple(known[:_MAX_BROWSER_COOKIES])


def find_current(deps: IdpDeps, cookies: Mapping[str, str]) -> Current | None:
    """Return who is logged in in the browser with these cookies."""
    return sessions.find_current(deps, cookies.get(deps.node.cookie(SESSION)))


def find_kiosk(deps: IdpDeps, cookies: Mapping[str, str]) -> tuple[str, str] | None:
    """Return which kiosk a browser is, and its device code; None for one that is none: by all of the cookie, as the pages' frame tells it."""
    of, _, device_code = cookies.get(deps.node.cookie(KIOSK), "").rpartition(".")
    return (of, device_code) if of else None


def check_files(deps: IdpDeps) -> None:
    """Refuse files about people to a session that was lent to a kiosk, and to any other that began in a kiosk's browser."""
    found = current(deps)
    if find_kiosk(deps, request.cookies) is not None or (found is not None and found.session.lent):
        raise Refusal(KIOSK_FILES)


def new_cookie(deps: IdpDeps, value: str) -> str:
    """Return the cookie that a new browser is given."""
    return as_cookie(deps.node, deps.node.cookie(f"{_BROWSER}_{token(4)}"), value, max_age=_KNOWN_SECONDS)


def session_cookie(deps: IdpDeps, value: str) -> str:
    """Return the cookie of a session."""
    return as_cookie(deps.node, deps.node.cookie(SESSION), value)


def as_cookie(node: Node, name: str, value: str, *, max_age: int | None = None) -> str:
    """Return what sets a cookie that no script reads and no other site's form sends; its ``value`` is a token, which needs no quotes."""
    lasting = "" if max_age is None else f" Max-Age={max_age};"
    secure = " Secure;" if node.url.startswith("https:") else ""
    return f"{name}={value};{lasting}{secure} HttpOnly; Path=/; SameSite=Lax"


def device() -> Device:
    """Return where the request comes from."""
    return Device(request.remote_addr or "", request.user_agent.string)


def log_in(started: sessions.Started) -> None:
    """Give the browser its new session cookie with this response."""
    g.idp_new_session = started.cookie


def log_out(deps: IdpDeps, *, watched: bool = True) -> None:
    """Take the session cookie away with this response; where it is ``watched``, what it was tells for an hour whose logout this browser may watch."""
    g.idp_left = request.cookies.get(deps.node.cookie(SESSION)) if watched else None
    g.idp_new_session = ""
    g.idp_current = None


def left(deps: IdpDeps) -> str | None:
    """Return the cookie of the session that was left here last."""
    return g.get("idp_left") or request.cookies.get(deps.node.cookie(_LEFT))


def remember(deps: IdpDeps) -> Callable[[Response], Response]:
    """Return the hook that writes the cookies."""
    secure, session = deps.node.url.startswith("https:"), deps.node.cookie(SESSION)

    def write(response: Response) -> Response:
        new_browser, new_session = g.get("idp_new_browser"), g.get("idp_new_session")
        if new_browser:
            response.headers.add("Set-Cookie", new_cookie(deps, new_browser))
        if new_session:
            response.headers.add("Set-Cookie", session_cookie(deps, new_session))
        elif new_session == "":
            response.delete_cookie(session, httponly=True, samesite="Lax", secure=secure, path="/")
        if g.get("idp_left"):
            response.set_cookie(
                deps.node.cookie(_LEFT),
                g.idp_left,
                max_age=_LEFT_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=secure,
                path="/",
            )
        return response

    return write


def send(answer: Answer) -> AnyResponse | str:
    """Send an answer to the client: 303 (never 307, RFC 9700 4.12), or a form that posts itself."""
    address = answer.address
    if address.mode == "form_post":
        allow_form_to(address.redirect_uri)
        return render_template("idp/form_post.html", action=address.redirect_uri, parameters=answer.parameters)
    return go_to(location_of(answer))


def hold(held: Held) -> str:
    """Show an error with a button by which the person takes it to the client."""
    answer = held.answer
    by_form = answer.address.mode == "form_post"
    if by_form:
        allow_form_to(answer.address.redirect_uri)
    location = answer.address.redirect_uri if by_form else location_of(answer)
    return render_template("idp/held.html", held=held, location=location, by_form=by_form)


def location_of(answer: Answer) -> str:
    """Return the client's address with an answer in it."""
    uri = answer.address.redirect_uri
    said = "&".join([f"{name}={value if _AS_IT_IS(value) else _quoted(value)}" for name, value in answer.parameters.items()])
    if answer.address.mode == "fragment":  # a registered address has none of its own
        return f"{uri}#{said}"
    return f"{uri}{'&' if '?' in uri else '?'}{said}"


def certificate() -> bytes | None:
    """Return the certificate (DER) that the browser showed in TLS, as a trusted proxy tells of it; None for none."""
    header = request.environ.get(HEADER)
    return shown_certificate(header) if header else None


def transaction_id() -> str:
    """Return which waiting request the address names; whose it is shows ``authorize.transactions``."""
    return request.args.get("txn", "")[:100]


@lru_cache(maxsize=256)  # our own name is in every answer
def _quoted(value: str) -> str:
    return quote_plus(value)


def go_to(location: str) -> AnyResponse:
    """Redirect with 303: what follows is always a GET without the credentials that were just sent."""
    return Response(status=_SEE_OTHER, headers={"Location": location, "Cache-Control": "no-store"})


def wear(waiting: AuthorizationRequest) -> None:
    """Let this page look as the request that waits wants it (Core 3.1.2.1), and its form end at the client's address."""
    g.ui_locales = waiting.ui_locales
    g.display = waiting.display
    allow_form_to(waiting.address.redirect_uri)


def allow_form_to(uri: str) -> None:
    """Let this page's form end at a client's address (Chromium applies form-action to the redirect after a POST as well)."""
    g.form_action = (redirect_uris.origin_of(uri),)


def with_status(page: str, refusal: Refusal) -> tuple[str, int, dict[str, str]]:
    """Return a page that shows what was refused, with the status of that, and after how long to try again."""
    seconds = wait_seconds(refusal) if refusal.error.status == HTTPStatus.TOO_MANY_REQUESTS else None
    return page, refusal.error.status, {} if seconds is None else {"Retry-After": str(seconds)}
