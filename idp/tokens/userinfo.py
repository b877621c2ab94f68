"""The userinfo endpoint (OpenID Connect Core 5.3): what the department may know of who logged in, by access token.

As JSON, or signed for the clients that are registered so. With the token of an organisation for which an agent acts, what it may know of
that, within the mandate. Left to others: how the token is shown (``resource``).
"""

from __future__ import annotations

from typing import Any

from idp import endpoints
from idp.claims import verified
from idp.claims.told import released
from idp.enterprises import mandates
from idp.oauth_errors import TOKEN_INVALID, TOKEN_SCOPE
from idp.people.accounts import open_record
from idp.ports import IdpDeps
from idp.records import NO_CLAIMS, AccountRecord, Client
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
    mandate_id = token.mandate_id
    if token.grant_id is None or ("openid" not in token.scopes and mandate_id is None):
        raise Refusal(TOKEN_SCOPE)
    with deps.work.look() as work:
        found = work.records.find_standing(token.client_id, token.jti, token.grant_id)
    if found is None:
        raise Refusal(TOKEN_INVALID)
    client, grant, person = found
    account = open_record(deps, person if mandate_id is None else _organization(deps, mandate_id))
    check_level(deps, token, client.default_acr)
    # What was asked for by name, and with evidence, was asked of the person who logged in.
    names = grant.claims if mandate_id is None else NO_CLAIMS
    claims = released(deps, client, account, token.scopes, names.userinfo)
    if not names.userinfo_verified:
        return client, claims
    with deps.work.read() as work:
        return client, claims | verified.answer(work, deps, client, account, names.userinfo_verified)


def _organization(deps: IdpDeps, mandate_id: str) -> AccountRecord:
    with deps.work.look() as work:
        found = mandates.find_standing(work, deps, mandate_id, deps.clock.now())
    if found is None:
        raise Refusal(TOKEN_INVALID)
    return found[1]
