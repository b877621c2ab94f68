"""A department's system as it calls one of the node's own interfaces: by an access token of its own, with the scope that it needs.

The token is the system's, not a person's; it still counts; it has the scope, which the system is still registered for and its
department still allowed. Left to others: what the interface then tells or does.
"""

from __future__ import annotations

from idp.oauth_errors import TOKEN_INVALID, TOKEN_SCOPE
from idp.ports import IdpDeps
from idp.records import Client
from idp.tokens.resource import verify_shown
from idp.wire import OAuthRequest
from kernel.errors import Refusal
from policies.claims import allowed_scopes


def verify_system(deps: IdpDeps, request: OAuthRequest, path: str, scope: str) -> Client:
    """Return the system that asks at ``path``; ``Refusal`` says what is wrong with its token."""
    token = verify_shown(deps, request, path)
    if token.grant_id is not None or token.subject != token.client_id or scope not in token.scopes:
        raise Refusal(TOKEN_SCOPE)
    with deps.work.look() as work:
        if not work.records.does_access_token_count(token.client_id, token.jti, None):
            raise Refusal(TOKEN_INVALID)
        client = work.records.find_client(token.client_id)
    if client is None:
        raise Refusal(TOKEN_INVALID)
    if scope not in client.scopes or not allowed_scopes(deps.policies.claims, client.department, (scope,)):
        raise Refusal(TOKEN_SCOPE)
    return client
