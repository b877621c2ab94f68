"""The introspection endpoint (RFC 7662): a department's API asks whether a token still counts.

Answers only authenticated confidential clients. Anything that does not count is ``{"active": false}`` and nothing more.
"""

from __future__ import annotations

from typing import Any

from idp import endpoints
from idp.browsers.sessions import is_alive
from idp.claims.subjects import subject_of
from idp.clients.authentication import CHALLENGE, authenticate
from idp.hashes import digest
from idp.oauth_errors import CLIENT_AUTHENTICATION
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Grant
from idp.tokens.binding import token_type
from idp.tokens.signed import AccessToken, is_signed_token, verify_access_token
from idp.wire import OAuthRequest, OAuthResponse, check_method, error_response, json_response
from kernel.clock import timestamp
from kernel.errors import Refusal

_SHOWN = ("iss", "aud", "sub", "client_id", "scope", "iat", "exp", "jti", "acr", "amr", "auth_time", "cnf")


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer an introspection request."""
    try:
        check_method(request, "POST")
        request.form.check_none_doubled()
        client = authenticate(deps, request, endpoint=endpoints.url(deps, endpoints.INTROSPECT))
        check_confidential(client)
        value = request.form.require("token")
    except Refusal as refusal:
        return error_response(refusal, challenge=CHALLENGE if refusal.error is CLIENT_AUTHENTICATION else None)
    shown = _access_token(deps, value) if is_signed_token(value) else _refresh_token(deps, client, value)
    return json_response({"active": False} if shown is None else {"active": True, **shown})


def check_confidential(client: Client) -> None:
    """Refuse clients that prove nothing about themselves (RFC 7662 2.1)."""
    if client.public:
        raise Refusal(CLIENT_AUTHENTICATION)


def _access_token(deps: IdpDeps, value: str) -> dict[str, Any] | None:
    try:
        token = verify_access_token(deps, value)
    except Refusal:
        return None
    with deps.work.read() as work:
        if not _counts(work, token):
            return None
    return {name: token.claims[name] for name in _SHOWN if name in token.claims} | {"token_type": token_type(token.confirmation)}


def _counts(work: IdpWork, token: AccessToken) -> bool:
    client = work.records.find_client(token.client_id)
    if client is None or client.disabled_at is not None or work.records.is_access_token_revoked(token.jti):
        return False
    return token.grant_id is None or _grant_counts(work, work.records.find_grant(token.grant_id))


def _grant_counts(work: IdpWork, grant: Grant | None) -> bool:
    if grant is None or grant.revoked_at is not None:
        return False
    account = work.records.find_account(grant.account_id)
    return account is not None and account.disabled_at is None


def _refresh_token(deps: IdpDeps, client: Client, value: str) -> dict[str, Any] | None:
    now = deps.clock.now()
    with deps.work.read() as work:
        token = work.records.find_refresh_token(digest(value))
        if token is None or token.client_id != client.client_id or token.used_at is not None or token.expires_at <= now:
            return None
        grant = work.records.find_grant(token.grant_id)
        if grant is None or not _grant_counts(work, grant):
            return None
        session = None if grant.offline else work.records.find_session(grant.session_id)
        if not grant.offline and (session is None or not is_alive(session, now)):
            return None
    return {
        "iss": deps.issuer,
        "sub": subject_of(deps, client, grant.account_id),
        "client_id": grant.client_id,
        "scope": " ".join(grant.scopes),
        "iat": timestamp(token.created_at),
        "exp": timestamp(token.expires_at),
        **({} if token.cnf is None else {"cnf": dict(token.cnf)}),
    }
