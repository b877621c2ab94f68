"""The introspection endpoint (RFC 7662): a department's API asks whether a token still counts.

Answers only authenticated confidential clients, about tokens that are meant for them or were issued to them. Anything else, and
anything that does not count, is ``{"active": false}`` and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp import endpoints
from idp.claims.subjects import subject_of
from idp.clients.authentication import authenticate, refused
from idp.enterprises import mandates
from idp.hashes import digest
from idp.oauth_errors import CLIENT_AUTHENTICATION
from idp.ports import IdpDeps, IdpWork
from idp.records import Client
from idp.tokens.binding import token_type
from idp.tokens.signed import AccessToken, is_signed_token, verify_access_token
from idp.tokens.standing import mandate_counts, refresh_token_counts
from idp.wire import OAuthRequest, OAuthResponse, check_method, json_response
from kernel.clock import timestamp
from kernel.errors import Refusal

_SHOWN = (
    "iss",
    "aud",
    "sub",
    "client_id",
    "scope",
    "iat",
    "exp",
    "jti",
    "acr",
    "amr",
    "auth_time",
    "act",
    "may_act",
    "cnf",
    "mandate_id",
    "user_kind",
    "organization",
)


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer an introspection request."""
    try:
        check_method(request, "POST")
        request.form.check_none_doubled()
        asked = _Asked(_find_access_token(deps, request.form.get("token")))
        client = authenticate(deps, request, endpoint=endpoints.url(deps, endpoints.INTROSPECT), find=asked.find_client)
        check_confidential(client)
        value = request.form.require("token")
    except Refusal as refusal:
        return refused(refusal)
    shown = _access_token(deps, client, asked) if is_signed_token(value) else _refresh_token(deps, client, value)
    return json_response({"active": False} if shown is None else {"active": True, **shown})


def check_confidential(client: Client) -> None:
    """Refuse clients that prove nothing about themselves (RFC 7662 2.1)."""
    if client.public:
        raise Refusal(CLIENT_AUTHENTICATION)


@dataclass(slots=True)
class _Asked:
    """The access token that is asked about, and whether it stands: read by the same statement as the client that asks."""

    token: AccessToken | None
    stands: bool = False

    def find_client(self, work: IdpWork, client_id: str) -> Client | None:
        """Return the client that asks; whether it may be told is seen afterwards."""
        token = self.token
        if token is None:
            return work.records.find_client(client_id)
        found = work.records.find_asking_client(client_id, token.client_id, token.jti, token.grant_id)
        if found is None:
            return None
        client, self.stands = found
        return client


def _find_access_token(deps: IdpDeps, value: str | None) -> AccessToken | None:
    if value is None or not is_signed_token(value):
        return None
    try:
        return verify_access_token(deps, value, audience=None)
    except Refusal:
        return None


def _access_token(deps: IdpDeps, client: Client, asked: _Asked) -> dict[str, Any] | None:
    token = asked.token
    if token is None or not asked.stands:
        return None
    # RFC 7662 4: what is neither for whoever asks nor theirs tells them nothing.
    if client.client_id != token.client_id and token.audience not in client.resources:
        return None
    if token.mandate_id is not None:
        with deps.work.look() as work:
            if not mandate_counts(work, deps, token):
                return None
    return {name: token.claims[name] for name in _SHOWN if name in token.claims} | {"token_type": token_type(token.confirmation)}


def _refresh_token(deps: IdpDeps, client: Client, value: str) -> dict[str, Any] | None:
    with deps.work.read() as work:
        found = work.records.find_refresh_family(digest(value))
        if found is None:
            return None
        token, grant = found.token, found.grant
        if token.client_id != client.client_id or not found.account_stands:
            return None
        now = deps.clock.now()
        if not refresh_token_counts(work, token, grant, now):
            return None
        whose, acting = grant.account_id, {}
        if grant.mandate_id is not None:
            standing = mandates.find_standing(work, deps, grant.mandate_id, now)
            if standing is None:
                return None
            whose = standing[1].id
            acting = {"act": {"sub": subject_of(deps, client, grant.account_id)}, "mandate_id": grant.mandate_id}
    return {
        "iss": deps.issuer,
        "sub": subject_of(deps, client, whose),
        "client_id": grant.client_id,
        "scope": " ".join(grant.scopes),
        "iat": timestamp(token.created_at),
        "exp": timestamp(token.expires_at),
        **acting,
        **({} if token.cnf is None else {"cnf": dict(token.cnf)}),
    }
