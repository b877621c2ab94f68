"""The revocation endpoint (RFC 7009): a client gives a token back. One that does not count is as good as given back (2.2).

A refresh token takes its whole family with it, access tokens too; an access token goes alone.
"""

from __future__ import annotations

from idp import endpoints
from idp.clients.authentication import authenticate, refused
from idp.hashes import digest
from idp.oauth_errors import REVOKE_ANOTHERS
from idp.ports import IdpDeps
from idp.records import Client
from idp.tokens.signed import is_signed_token, verify_access_token
from idp.wire import OAuthRequest, OAuthResponse, check_method, json_response
from kernel.audit import AuditEvent
from kernel.errors import Refusal


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a revocation request."""
    try:
        check_method(request, "POST")
        request.form.check_none_doubled()
        client = authenticate(deps, request, endpoint=endpoints.url(deps, endpoints.REVOKE))
        value = request.form.require("token")
        revoke = _revoke_access_token if is_signed_token(value) else _revoke_family
        revoke(deps, client, value)
    except Refusal as refusal:
        return refused(refusal)
    return json_response({})


def check_own(client: Client, client_id: str) -> None:
    """Refuse to revoke what was issued to another client (RFC 7009 2.1: refused, and the client is told so)."""
    if client_id != client.client_id:
        raise Refusal(REVOKE_ANOTHERS, field="token")


def _revoke_access_token(deps: IdpDeps, client: Client, value: str) -> None:
    try:
        token = verify_access_token(deps, value, audience=None)
    except Refusal:
        return  # RFC 7009 2.2: an invalid token is as good as revoked
    check_own(client, token.client_id)
    now = deps.clock.now()
    with deps.work.begin() as work:
        work.records.revoke_access_token(token.jti, token.expires_at)
        work.audit.record(AuditEvent(now, f"client:{client.client_id}", "idp.revoke_token", f"token:{token.jti}"))


def _revoke_family(deps: IdpDeps, client: Client, value: str) -> None:
    now = deps.clock.now()
    with deps.work.begin() as work:
        token = work.records.find_refresh_token(digest(value))
        if token is None:
            return
        check_own(client, token.client_id)
        if work.records.revoke_grant(token.grant_id, now):
            work.audit.record(AuditEvent(now, f"client:{client.client_id}", "idp.revoke_grant", f"grant:{token.grant_id}"))
