"""The token endpoint (RFC 6749 3.2): from a request to signed tokens.

1. The form of the request. 2. Who is calling. 3. May the client use this grant type? 4. Which keys does it prove to hold (``binding``)?
5. The grant is consumed (``grants``). 6. Tokens are signed, bound to those keys, and handed out, never to be stored on the way.

Where a client is remembered and nothing is unusual, 2 to 5 are one transaction, of which nothing is waited for before it ends.
Left to others: systems that ask for themselves as they did before (``recurring``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from idp import endpoints
from idp.claims import verified
from idp.claims.told import obtainable, told
from idp.clients import secrets
from idp.clients.authentication import authenticate, forget, recognise, refused
from idp.clients.grant_types import DEVICE_CODE, EXCHANGE
from idp.oauth_errors import GRANT_TYPE, GRANT_TYPE_FORBIDDEN
from idp.people.accounts import open_record
from idp.ports import IdpDeps
from idp.records import Client, Grant
from idp.tokens import dpop
from idp.tokens.binding import Binding, prove, token_type
from idp.tokens.grants import authorization_code, client_credentials, device_code, refresh, token_exchange
from idp.tokens.grants.exchanged import ACCESS_TOKEN
from idp.tokens.issue import Issue
from idp.tokens.signed import lifetime, sign_access_token, sign_id_token
from idp.wire import OAuthRequest, OAuthResponse, Parameters, check_method, json_response
from kernel.clock import timestamp
from kernel.errors import Refusal
from kernel.work import Conflict

_REFRESH = "refresh_token"
_CODE = "authorization_code"
_OTHERS: dict[str, Callable[[IdpDeps, Client, Parameters, Binding], Issue]] = {
    _CODE: authorization_code.redeem,
    "client_credentials": client_credentials.redeem,
    EXCHANGE: token_exchange.redeem,
    DEVICE_CODE: device_code.redeem,
}
_AT_ONCE: dict[str, Callable[[IdpDeps, Client, Parameters, Binding], Issue]] = {
    _CODE: authorization_code.redeem_at_once,
    _REFRESH: refresh.redeem_at_once,
}
GRANT_TYPES = frozenset({_REFRESH, *_OTHERS})


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a token request."""
    try:
        check_method(request, "POST")
        request.form.check_none_doubled()
        answer = json_response(_tokens(deps, request))
    except Refusal as refusal:
        answer = refused(refusal)
    return answer.with_headers(*dpop.headers(deps, request))


def _tokens(deps: IdpDeps, request: OAuthRequest) -> dict[str, Any]:
    at_once = _at_once(deps, request)
    if at_once is not None:
        return at_once
    shown = refresh.read(request.form) if request.form.get("grant_type") == _REFRESH else None
    find = None if shown is None else shown.find_client
    client = authenticate(deps, request, endpoint=endpoints.url(deps, endpoints.TOKEN), find=find)
    grant_type = request.form.require("grant_type")
    check_grant_type(client, grant_type)
    binding = prove(deps, client, request, endpoints.TOKEN)
    if shown is None:
        issue = _OTHERS[grant_type](deps, client, request.form, binding)
    else:
        issue = refresh.redeem(deps, client, request.form, binding, shown)
    if grant_type in _AT_ONCE and (issue.audience != deps.issuer or issue.delegation is not None):
        forget(deps, client)  # or what works for usual grants alone would be tried in vain each time
    return sign(deps, client, issue, binding)


def _at_once(deps: IdpDeps, request: OAuthRequest) -> dict[str, Any] | None:
    """Return the tokens where steps 2 to 5 can be one transaction; None, and nothing is done, where they cannot, or something is amiss."""
    grant_type = request.form.get("grant_type") or ""
    redeem = _AT_ONCE.get(grant_type)
    if redeem is None or request.dpop is not None:  # a proof is used up
        return None
    try:
        recognised = recognise(deps, request)
        if recognised is None or not secrets.is_use_noted(deps, recognised[1]):
            return None
        client, _ = recognised
        check_grant_type(client, grant_type)
        binding = prove(deps, client, request, endpoints.TOKEN)
        issue = redeem(deps, client, request.form, binding)
    except (Conflict, Refusal):  # perhaps only of what is remembered
        return None
    return sign(deps, client, issue, binding)


def check_grant_type(client: Client, grant_type: str) -> None:
    """Refuse a grant type that we don't know or that the client is not registered for (RFC 6749 5.2)."""
    if grant_type not in GRANT_TYPES:
        raise Refusal(GRANT_TYPE, field="grant_type")
    if grant_type not in client.grant_types:
        raise Refusal(GRANT_TYPE_FORBIDDEN, field="grant_type")


def sign(deps: IdpDeps, client: Client, issue: Issue, binding: Binding) -> dict[str, Any]:
    """Return the answer (RFC 6749 5.1) that hands out what a grant gives: tokens signed now, bound to the keys that were proven."""
    now = deps.clock.now()
    at = now if issue.repeatable is None else issue.repeatable.at
    confirmation = binding.confirmation
    access_token = sign_access_token(deps, client, issue, confirmation=confirmation, now=at)
    document: dict[str, Any] = {
        "access_token": access_token,
        "token_type": token_type(confirmation),
        "expires_in": lifetime(deps, issue, at) - (timestamp(now) - timestamp(at)),
        "scope": " ".join(issue.scopes),
    }
    if issue.exchanged:
        document["issued_token_type"] = ACCESS_TOKEN  # RFC 8693 2.2.1
    if issue.refresh_token is not None:
        document["refresh_token"] = issue.refresh_token
    if issue.grant is not None and issue.id_token:
        person = _named_claims(deps, client, issue.grant)
        document["id_token"] = sign_id_token(deps, client, issue, issue.grant, access_token=access_token, now=at, person=person)
    return document


def _named_claims(deps: IdpDeps, client: Client, grant: Grant) -> dict[str, Any]:
    """Return the claims that were asked for in the ID token by name (Core 5.5), and that policies still release."""
    if not (grant.claims.id_token or grant.claims.id_token_verified):
        return {}
    names = obtainable(deps, client).intersection(grant.claims.id_token)
    with deps.work.read() as work:
        record = work.records.find_account(grant.account_id)
        if record is None:
            return {}
        account = open_record(deps, record)
        return told(account, names) | verified.answer(work, deps, client, account, grant.claims.id_token_verified)
