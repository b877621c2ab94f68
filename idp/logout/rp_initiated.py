"""Logging out on a department's request (OpenID Connect RP-Initiated Logout 1.0).

1. The hint is verified; it tells the client and whose session is meant. 2. The return address must be registered for that client.
3. With a hint that fits the session it ends at once; otherwise the person is asked first, for a stranger's link must not log them out.
4. They go back; to an address that nobody vetted by their own hand, unless the hint fitted.

Left to others: the pages and the cookie (``views``), telling the departments (``ending``).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from idp.browsers.sessions import Current
from idp.claims.subjects import sid_of, subject_of
from idp.clients import redirect_uris
from idp.errors import LOGOUT_HINT, LOGOUT_REDIRECT_URI
from idp.logout import ending
from idp.ports import IdpDeps
from idp.records import Client
from idp.tokens.signed import verify_id_token_hint
from idp.wire import Parameters
from kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout request that was checked. ``subject`` and ``session_id`` are of the ID token, if there was one."""

    client: Client | None
    redirect_to: str | None
    subject: str | None
    session_id: str | None
    logout_hint: str | None


def verify_request(deps: IdpDeps, parameters: Parameters) -> LogoutRequest:
    """Return the checked request; ``Refusal`` (for a page) when hint or return address are not to be trusted."""
    parameters.check_none_doubled()
    hint = parameters.get("id_token_hint")
    client_id = parameters.get("client_id")
    hinted = {} if hint is None else _verify_hint(deps, hint, client_id)
    client = _find_client(deps, hinted.get("aud") or client_id)
    redirect_to = parameters.get("post_logout_redirect_uri")
    if redirect_to is not None:
        if client is None or not redirect_uris.is_registered(redirect_to, client.post_logout_redirect_uris):
            raise Refusal(LOGOUT_REDIRECT_URI, field="post_logout_redirect_uri")
        state = parameters.get("state")
        if state is not None:
            redirect_to += ("&" if "?" in redirect_to else "?") + urlencode({"state": state})
    return LogoutRequest(client, redirect_to, hinted.get("sub"), hinted.get("sid"), parameters.get("logout_hint"))


def needs_asking(deps: IdpDeps, request: LogoutRequest, current: Current | None) -> bool:
    """Tell whether the person must be asked: they are logged in, and the request does not prove that it means this session."""
    if current is None:
        return False
    if request.client is None:  # nothing proves anything
        return True
    account, session = current.account, current.session
    known_as, sid = subject_of(deps, request.client, account.id), sid_of(deps, request.client, session.id)
    # The session says it, where the hint has one: whoever acts for an organisation has its ``sub`` in the hint.
    fits = request.session_id == sid or (request.session_id is None and request.subject == known_as)
    return not (fits and request.logout_hint in {None, known_as, request.subject, account.username, sid})


def goes_back_unasked(deps: IdpDeps, request: LogoutRequest, current: Current | None) -> bool:
    """Tell whether the browser may be sent back at once: to an address that somebody vetted, or by the hint of who is logged in.

    Else a stranger's link would lead anywhere under our name (RFC 9700 4.11.2).
    """
    vetted = request.client is not None and request.client.vetted
    return vetted or (current is not None and not needs_asking(deps, request, current))


def carry_out(deps: IdpDeps, current: Current | None, *, client: Client | None) -> None:
    """End the session, if there is one; ``client`` is who asked for it, None the person."""
    if current is not None:
        actor = f"account:{current.account.id}" if client is None else f"client:{client.client_id}"
        ending.end(deps, current.session, actor=actor)


def _verify_hint(deps: IdpDeps, hint: str, client_id: str | None) -> dict[str, str]:
    try:
        claims = verify_id_token_hint(deps, hint)
    except Refusal:
        raise Refusal(LOGOUT_HINT, field="id_token_hint") from None
    audience, session_id = claims["aud"], claims.get("sid")
    if not isinstance(audience, str) or client_id not in {None, audience}:
        raise Refusal(LOGOUT_HINT, field="id_token_hint")
    return {"aud": audience, "sub": claims["sub"]} | ({"sid": session_id} if isinstance(session_id, str) else {})


def _find_client(deps: IdpDeps, client_id: str | None) -> Client | None:
    if client_id is None:
        return None
    with deps.work.read() as work:
        client = work.records.find_client(client_id)
    return None if client is None or client.disabled_at is not None else client
