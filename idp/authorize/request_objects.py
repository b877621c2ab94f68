"""Request objects (RFC 9101, OpenID Connect Core 6): an authorization request as a token that the client has signed.

By value (``request``) or by reference (``request_uri``, from an address registered for the client beforehand). Only what is in the
object counts then (RFC 9101 6.3): whatever else stands in the address could have been put there by anybody.

Left to others: requests pushed before (``pushed_requests``), what the parameters mean (``checks``), fetching (``fetching``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.clients.keys import find_keys
from idp.clients.security_profiles import EVERYONE, profile_of
from idp.fetching import fetch
from idp.oauth_errors import REQUEST_OBJECT, REQUEST_UNSIGNED, REQUEST_URI, REQUEST_URI_BUSY
from idp.ports import IdpDeps
from idp.records import Client
from idp.wire import Parameters, holds_control_characters, wrong
from kernel.canonical import canonical
from kernel.errors import Refusal
from kernel.limiter import SlidingWindow
from pki import jose

ALGORITHMS = EVERYONE.algorithms
TYPE = "oauth-authz-req+jwt"
"""RFC 9101 10.8: what no other token is called. Clients of OpenID Connect Core still say JWT, or nothing."""

FETCHES_PER_MINUTE = 60
"""How often one address is asked, by each process: every login is a request of its own."""
_OF_THE_TOKEN = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})


def unpack(deps: IdpDeps, client: Client, parameters: Parameters) -> Parameters:
    """Return the parameters that count: those of the request object where there is one, else the ones given.

    ``Refusal`` when there is an object and it is not this client's, not for us, not in time, or not to be had.
    """
    value, uri = parameters.get("request"), parameters.get("request_uri")
    if value is None and uri is None:
        return parameters
    parameters.check_none_doubled()
    if value is not None and uri is not None:  # RFC 9101 5
        raise wrong(parameter="request_uri", zh="不能与 request 同时出现", en="not together with request")
    if value is None:
        value = _fetch(deps, client, uri or "")
    claims = _verify(deps, client, value)
    _check_contents(client, parameters, claims)
    said = {name: claim for name, claim in claims.items() if name not in _OF_THE_TOKEN}
    several = said.get("resource")
    repeated: dict[str, tuple[str, ...]] = {}
    if isinstance(several, list) and several:  # RFC 8707 2: several stand in an array
        repeated["resource"] = tuple(_as_text("resource", each) for each in several)
        said["resource"] = several[0]
    return Parameters({name: _as_text(name, claim) for name, claim in said.items()}, repeated=repeated)


def _fetch(deps: IdpDeps, client: Client, uri: str) -> str:
    """Read the object from where the client registered that it may be (Core 6.2; RFC 9101 10.4: nowhere else)."""
    if uri not in client.request_uris:
        raise Refusal(REQUEST_URI, field="request_uri")
    window: SlidingWindow = deps.kept.setdefault("request_uri_fetches", SlidingWindow(FETCHES_PER_MINUTE))
    try:
        data = fetch(deps, uri, max_bytes=jose.MAX_TOKEN_BYTES, window=window)
    except Refusal as refusal:
        raise Refusal(REQUEST_URI_BUSY if refusal.error is REQUEST_URI_BUSY else REQUEST_URI, field="request_uri") from None
    return data.decode("ascii", "replace").strip()


def _verify(deps: IdpDeps, client: Client, value: str) -> jose.Claims:
    try:
        unsigned = jose.unverified_header(value).get("alg") == "none"
    except Refusal as refusal:
        raise Refusal(REQUEST_OBJECT, field="request", problem=refusal.code) from None
    if unsigned:
        raise Refusal(REQUEST_UNSIGNED, field="request")
    try:
        return jose.verify(
            value,
            find_keys(deps, client, value),
            algorithms=profile_of(client).algorithms,
            typ=(TYPE, "JWT", None),
            audience=deps.issuer,
            issuer=None,
            now=deps.clock.now(),
            leeway=10,
            require=("aud", "client_id"),
        )
    except Refusal as refusal:
        raise Refusal(REQUEST_OBJECT, field="request", problem=refusal.code) from None


def _check_contents(client: Client, parameters: Parameters, claims: Mapping[str, Any]) -> None:
    for problem, fault in (
        ("client_id", claims["client_id"] != client.client_id),  # RFC 9101 5
        ("iss", claims.get("iss", client.client_id) != client.client_id),
        ("sub", claims.get("sub") == client.client_id),  # RFC 9101 10.8: it would pass for a client assertion
        ("request", "request" in claims or "request_uri" in claims),  # RFC 9101 4
        # Core 6.1: the one that stands outside for the sake of OAuth 2.0 must say the same.
        ("response_type", parameters.get("response_type") not in {None, claims.get("response_type")}),
    ):
        if fault:
            raise Refusal(REQUEST_OBJECT, field="request", problem=problem)


def _as_text(name: str, claim: object) -> str:
    """Return a member as the parameter that it stands for (RFC 9101 4: numbers and objects as JSON has them)."""
    if name == "claims" and isinstance(claim, dict):
        try:
            return canonical(claim).decode()
        except ValueError:  # a number that JSON cannot carry exactly
            raise Refusal(REQUEST_OBJECT, field="request", problem=name) from None
    if name == "max_age" and isinstance(claim, int) and not isinstance(claim, bool):
        return str(claim)
    if isinstance(claim, str) and not holds_control_characters(claim):
        return claim
    raise Refusal(REQUEST_OBJECT, field="request", problem=name if name.isidentifier() and name.isascii() else "(unknown)")
