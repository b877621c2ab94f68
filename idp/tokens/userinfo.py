"""The userinfo endpoint (OpenID Connect Core 5.3): what the department may know of who logged in, by access token.

As JSON, or signed for the clients that are registered so. Left to others: how the token is shown (``resource``).
"""

from __future__ import annotations

from typing import Any

from idp import endpoints
from idp.claims.told import released
from idp.oauth_errors import TOKEN_INVALID, TOKEN_SCOPE
from idp.people.accounts import open_record
from idp.ports import IdpDeps
from idp.records import Client
from idp.tokens import dpop
from idp.tokens.resource import check_level, refused, verify_shown
from idp.tokens.signed import AccessToken, sign_userinfo
from idp.wire import OAuthRequest, OAuthResponse, check_method, json_response, token_response
from kernel.errors import Refusal


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a userinfo request."""
    try:
        check_method(request, "GET", "POST")
        request.form.check_none_doubled()
        client, claims = _claims(deps, verify_shown(deps, request, endpoints.USERINFO))
    except Refusal as refusal:
        return refused(deps, request, refusal)
    signed = client.userinfo_signed_response_alg is not None
    answer = token_response(sign_userinfo(deps, client, claims)) if signed else json_response(claims)
    return answer.with_headers(*dpop.headers(deps, request))


def _claims(deps: IdpDeps, token: AccessToken) -> tuple[Client, dict[str, Any]]:
    if "openid" not in token.scopes or token.grant_id is None:
        raise Refusal(TOKEN_SCOPE)
    with deps.work.read() as work:
        grant = work.records.find_grant(token.grant_id)
        revoked = work.records.is_access_token_revoked(token.jti)
        record = None if grant is None else work.records.find_account(grant.account_id)
        client = work.records.find_client(token.client_id)
    if grant is None or grant.revoked_at is not None or revoked:
        raise Refusal(TOKEN_INVALID)
    if record is None or record.disabled_at is not None or client is None or client.disabled_at is not None:
        raise Refusal(TOKEN_INVALID)
    check_level(deps, token, client.default_acr)
    return client, released(deps, client, open_record(deps, record), token.scopes, grant.claims.userinfo)
