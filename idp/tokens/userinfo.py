"""The userinfo endpoint (OpenID Connect Core 5.3): what the department may know of who logged in, by access token (RFC 6750).

As JSON, or signed for the clients that are registered so.
"""

from __future__ import annotations

from typing import Any

from idp.claims.told import released
from idp.oauth_errors import TOKEN_INVALID, TOKEN_MISSING, TOKEN_SCOPE, TOKEN_TWICE, oauth_name
from idp.people.accounts import open_record
from idp.ports import IdpDeps
from idp.records import Client
from idp.tokens.signed import sign_userinfo, verify_access_token
from idp.wire import OAuthRequest, OAuthResponse, check_method, error_response, json_response, token_response
from kernel.errors import Refusal

_REALM = 'Bearer realm="chaoxin"'


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a userinfo request."""
    try:
        check_method(request, "GET", "POST")
        request.form.check_none_doubled()
        client, claims = _claims(deps, _read_token(request))
        if client.userinfo_signed_response_alg is None:
            return json_response(claims)
        return token_response(sign_userinfo(deps, client, claims))
    except Refusal as refusal:
        return error_response(refusal, challenge=_challenge(refusal))


def _read_token(request: OAuthRequest) -> str:
    """Return the token of the header or of the body (RFC 6750 2); one in the address is not taken, for logs keep addresses."""
    scheme, _, value = (request.authorization or "").partition(" ")
    in_body = request.form.get("access_token")
    if in_body is not None and request.authorization:  # RFC 6750 2
        raise Refusal(TOKEN_TWICE)
    if in_body is not None:
        return in_body
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    raise Refusal(TOKEN_MISSING)


def _claims(deps: IdpDeps, value: str) -> tuple[Client, dict[str, Any]]:
    try:
        token = verify_access_token(deps, value)
    except Refusal:
        raise Refusal(TOKEN_INVALID) from None
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
    return client, released(deps, client, open_record(deps, record), token.scopes, grant.claims.userinfo)


def _challenge(refusal: Refusal) -> str:
    if refusal.error is TOKEN_MISSING:  # RFC 6750 3.1: no error code where no token was sent
        return _REALM
    return f'{_REALM}, error="{oauth_name(refusal)}", error_description="{refusal.text.en}"'
