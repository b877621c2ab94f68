"""Pushed authorization requests (RFC 9126): the client leaves its request here first and sends the browser with a reference to it.

1. The form of the request. 2. Who is calling. 3. May the client use the authorization endpoint at all? 4. The same checks as there.
5. The request is stored, checked, under a reference that is good once, for a short time, for this client.

It is used up when the request is answered, not when the browser comes with it: whoever loads a page again, or has it loaded in advance,
spoils nothing (FAPI 2.0 SP 5.3.2.2, note 3).

Left to others: the checks (``checks``), going on with it (``flow``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from idp import endpoints
from idp.authorize.checks import check_request
from idp.authorize.established import check_none_in_query, find_return_address
from idp.authorize.request import AuthorizationRequest, from_json
from idp.authorize.request_objects import unpack
from idp.clients.authentication import authenticate, refused
from idp.clients.security_profiles import profile_of
from idp.hashes import digest
from idp.oauth_errors import GRANT_TYPE_FORBIDDEN, REQUEST_URI_OVER
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, PushedRequest
from idp.tokens import dpop
from idp.tokens.errors import DPOP_PROOF
from idp.wire import OAuthRequest, OAuthResponse, Parameters, check_method, json_response, wrong
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.randomness import token

_PREFIX = "urn:ietf:params:oauth:request_uri:"
_CREATED = 201


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a pushed authorization request."""
    try:
        check_method(request, "POST")
        request.form.check_none_doubled()
        check_none_in_query(request)
        client = authenticate(deps, request, endpoint=endpoints.url(deps, endpoints.PUSHED_REQUEST))
        jkt = None if request.dpop is None else _prove_key(deps, client, request)
        request_uri = push(deps, client, request.form, jkt=jkt)
    except Refusal as refusal:
        answer = refused(refusal)
        return answer.with_headers(*dpop.headers(deps, request))
    document = {"request_uri": request_uri, "expires_in": deps.policies.tokens.pushed_request_seconds}
    return json_response(document, status=_CREATED).with_headers(*dpop.headers(deps, request))


def push(deps: IdpDeps, client: Client, form: Parameters, *, jkt: str | None = None) -> str:
    """Check and store a request and return the reference to it; ``Refusal`` like the authorization endpoint's.

    ``jkt`` is the key that a DPoP proof came from: the code will be bound to it as if ``dpop_jkt`` had named it (RFC 9449 10.1).
    """
    if "authorization_code" not in client.grant_types:
        raise Refusal(GRANT_TYPE_FORBIDDEN)
    if form.get("request_uri") is not None:  # RFC 9126 2.1
        raise wrong(parameter="request_uri", zh="不能在推送的请求中使用", en="not in a pushed request")
    said = unpack(deps, client, form)
    checked = check_request(deps, said, client, find_return_address(said, client), pushed=True)
    if jkt is not None:
        if checked.dpop_jkt not in {None, jkt}:
            raise Refusal(DPOP_PROOF, problem="dpop_jkt")
        checked = replace(checked, dpop_jkt=jkt)
    request_uri = _PREFIX + token()
    now = deps.clock.now()
    expires_at = now + timedelta(seconds=deps.policies.tokens.pushed_request_seconds)
    stored = PushedRequest(digest(request_uri), client.client_id, checked.as_json(), now, expires_at)
    with deps.work.begin() as work:
        work.records.add_pushed_request(stored)
        actor = f"client:{client.client_id}"
        work.audit.record(AuditEvent(now, actor, "idp.push_request", actor, details={"scopes": list(checked.scopes)}))
    return request_uri


def _prove_key(deps: IdpDeps, client: Client, request: OAuthRequest) -> str:
    return dpop.verify_proof(deps, request, endpoints.PUSHED_REQUEST, algorithms=profile_of(client).algorithms)


def find(deps: IdpDeps, client: Client, parameters: Parameters) -> AuthorizationRequest | None:
    """Return the pushed request that ``parameters`` refer to; None when they don't refer to one.

    ``Refusal(oauth_request_uri_over)`` when it is unknown, another client's, used already or too old (RFC 9126 4, 7.3).
    """
    request_uri = parameters.get("request_uri")
    if request_uri is None or not request_uri.startswith(_PREFIX):
        return None
    parameters.check_none_doubled()
    with deps.work.look() as work:
        found = work.records.find_pushed_request(digest(request_uri), client.client_id, deps.clock.now())
    if found is None:
        raise Refusal(REQUEST_URI_OVER, field="request_uri")
    return replace(from_json(found.request), pushed_as=found.uri_hash.hex())


def use_up(work: IdpWork, request: AuthorizationRequest) -> None:
    """Consume the reference by which ``request`` came, if any; ``Refusal(oauth_request_uri_over)`` when another answer did."""
    if request.pushed_as is not None and not work.records.use_pushed_request(bytes.fromhex(request.pushed_as)):
        raise Refusal(REQUEST_URI_OVER, field="request_uri")
