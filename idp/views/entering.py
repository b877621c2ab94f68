"""The login in front of Flask: the page as a stranger is shown it who comes from a department, and the password that is typed there.

Whatever else a login may be is left to Flask (``login``): before anything is done, by None; afterwards, say to show a refusal, with what came
of it in the environment, so that nothing is done twice. Left to others: whether a form is good, and how often one may come (``service.door``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from idp.authenticators import passkeys
from idp.authorize import flow
from idp.authorize.transactions import Visit, verify_found
from idp.browsers.sessions import Current, Device
from idp.clients import redirect_uris
from idp.interaction import login
from idp.ports import IdpDeps
from idp.views import browser, strangers_page
from idp.views.authorize import page_of
from idp.wire import OAuthResponse
from kernel.errors import Refusal

LOGIN = "/login"
MAX_INPUT = 1024
_WAITING = re.compile(r"txn=([A-Za-z0-9_-]{1,100})")  # and nothing else in the query
_TRIED = "chaoxin.login_tried"
_SEE_OTHER = 303


def find_waiting(environ: Mapping[str, Any]) -> str | None:
    """Return which waiting request the address names, None where it names none or more than that."""
    found = _WAITING.fullmatch(environ.get("QUERY_STRING", ""))
    return None if found is None else found[1]


def show(
    deps: IdpDeps, environ: Mapping[str, Any], cookies: Mapping[str, str], *, language: str, form: str
) -> tuple[str, tuple[str, ...]] | None:
    """Return the page, with the origin that its form may lead to; ``form`` is the field that its forms have."""
    transaction_id, known = find_waiting(environ), browser.find_browser(deps, cookies)
    if transaction_id is None or not known or browser.find_kiosk(deps, cookies) is not None:
        return None
    visit = Visit(known, browser.find_current(deps, cookies))
    with deps.work.look() as work:
        found = work.records.find_waiting(transaction_id)
    if found is None:
        return None
    try:
        transaction = verify_found(deps, found[0], known)
        client, request = flow.check_waiting(flow.get_request(transaction), found[1])
    except Refusal:
        return None
    if not strangers_page.is_strangers(request, visit) or "none" in request.prompts:
        return None  # all others are asked to log in first
    page = strangers_page.show(
        deps,
        transaction,
        client,
        strangers_page.named(found[2]),
        language=language,
        root=environ.get("SCRIPT_NAME", ""),
        passkey=passkeys.request_options(deps, known, transaction.id),
        form=form,
        render=lambda: None,
    )
    return None if page is None else (page, (redirect_uris.origin_of(request.address.redirect_uri),))


def submit(
    deps: IdpDeps, environ: dict[str, Any], cookies: Mapping[str, str], form: Mapping[str, str], current: Current | None
) -> OAuthResponse | None:
    """Take what was typed, and send the browser on."""
    transaction_id, known = find_waiting(environ), browser.find_browser(deps, cookies)
    if transaction_id is None or not known:
        return None
    try:
        result = login.submit_password(
            deps,
            transaction_id=transaction_id,
            visit=Visit(known, current),
            device=Device(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_USER_AGENT", "")),
            username=as_typed(form.get("username", "")),
            password=as_typed(form.get("password", "")),
        )
    except Exception as error:  # noqa: BLE001 - Flask shows it
        environ[_TRIED] = error
        return None
    location = _location(result, environ.get("SCRIPT_NAME", ""))
    if location is None:
        environ[_TRIED] = result
        return None
    headers = [("Location", location), ("Cache-Control", "no-store")]
    if isinstance(result, login.LoggedIn):
        headers.append(("Set-Cookie", browser.session_cookie(deps, result.started.cookie)))
    return OAuthResponse(_SEE_OTHER, b"", tuple(headers))


def find_tried(environ: Mapping[str, Any]) -> login.LoggedIn | login.NeedsCode | None:
    """Return what came of a login that was tried in front of Flask, or raise what it raised; None where none was."""
    tried: login.LoggedIn | login.NeedsCode | Exception | None = environ.get(_TRIED)
    if isinstance(tried, Exception):
        raise tried
    return tried


def as_typed(text: str) -> str:
    """Return as much of an input as anybody would type."""
    return text[:MAX_INPUT].replace("\0", "")


def _location(result: login.LoggedIn | login.NeedsCode, root: str) -> str | None:
    if isinstance(result, login.NeedsCode):
        return f"{root}{LOGIN}/second-factor?txn={result.transaction_id}"
    if isinstance(result.outcome, flow.Ask):
        return root + page_of(result.outcome)
    if isinstance(result.outcome, flow.Answer) and result.outcome.address.mode != "form_post":
        return browser.location_of(result.outcome)
    return None
