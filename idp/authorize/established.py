"""What must be established of an authorization request before anything else: where its parameters stand, whose it is, where answers go.

Until these pass an error is shown to the person and nobody is redirected (RFC 9700 4.11.2). Left to others: all other checks (``checks``).
"""

from __future__ import annotations

from idp.authorize.request import RESPONSE_MODES, ResponseMode, ReturnAddress
from idp.clients import redirect_uris
from idp.clients.resources import MAX_LENGTH
from idp.errors import AUTHORIZE_CLIENT, AUTHORIZE_REDIRECT_URI
from idp.oauth_errors import PARAMETER_IN_QUERY
from idp.ports import IdpDeps
from idp.recent import recent
from idp.records import Client
from idp.wire import OAuthRequest, Parameters
from kernel.errors import Refusal

_KEPT = "authorizing"
LONGEST = {
    "client_id": 100,
    "redirect_uri": 2000,
    "response_type": 100,
    "response_mode": 100,
    "scope": 1024,
    "state": 4096,
    "nonce": 1024,
    "code_challenge": 128,
    "code_challenge_method": 100,
    "prompt": 100,
    "max_age": 100,
    "display": 100,
    "ui_locales": 200,
    "claims_locales": 200,
    "id_token_hint": 8192,
    "login_hint": 1024,
    "acr_values": 1024,
    "claims": 8192,
    "dpop_jkt": 100,
    "resource": MAX_LENGTH,
}
"""The parameters that mean something here, and how long each may be. Others are ignored (RFC 6749 3.1)."""


def check_none_in_query(request: OAuthRequest) -> None:
    """Core 3.1.2.1, RFC 9126 2.1: what is posted stands in the body, where no log keeps it and nobody adds to it."""
    for name in (*LONGEST, "request", "request_uri"):
        if request.method == "POST" and name in request.query.values:
            raise Refusal(PARAMETER_IN_QUERY, field=name, parameter=name)


def find_client(deps: IdpDeps, parameters: Parameters) -> Client:
    """Return the client that the request names, once and without doubt; ``Refusal(authorize_client)``."""
    client_id = parameters.get("client_id")
    if client_id is None or "client_id" in parameters.doubled:
        raise Refusal(AUTHORIZE_CLIENT, field="client_id")
    with deps.work.look() as work:
        client = work.records.find_client(client_id)
    if client is None or client.disabled_at is not None or "authorization_code" not in client.grant_types:
        raise Refusal(AUTHORIZE_CLIENT, field="client_id")
    recent(deps, _KEPT).put(client_id, client)
    return client


def recall_client(deps: IdpDeps, parameters: Parameters) -> Client | None:
    """Return the client that a request names as :func:`find_client` found it before; None where the request is not a plain one.

    Whoever acts on that makes sure, by the statement that does so, that the client still is what it was (``known``).
    """
    if parameters.doubled or "request" in parameters.values or "request_uri" in parameters.values:
        return None
    client = recent(deps, _KEPT).get(parameters.get("client_id") or "")
    return client if isinstance(client, Client) else None


def forget_client(deps: IdpDeps, client: Client) -> None:
    """Remember no more what a client was."""
    recent(deps, _KEPT).forget(client.client_id)


def find_return_address(parameters: Parameters, client: Client, *, otherwise: Refusal | None = None) -> ReturnAddress:
    """Return the registered address that answers go to; ``otherwise`` is raised where there is none, or ``authorize_redirect_uri``."""
    redirect_uri = parameters.get("redirect_uri")
    if (
        redirect_uri is None
        or "redirect_uri" in parameters.doubled
        or not redirect_uris.is_registered(redirect_uri, client.redirect_uris)
    ):
        raise otherwise or Refusal(AUTHORIZE_REDIRECT_URI, field="redirect_uri")
    state = parameters.get("state") if "state" not in parameters.doubled else None
    usable_state = state if state is None or len(state) <= LONGEST["state"] else None
    asked = parameters.get("response_mode")
    mode: ResponseMode = next((mode for mode in RESPONSE_MODES if mode == asked), "query")
    return ReturnAddress(client.client_id, redirect_uri, mode, usable_state)
