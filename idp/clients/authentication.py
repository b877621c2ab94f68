"""Who is calling a protocol endpoint: client authentication (RFC 6749 2.3, RFC 7523, OpenID Connect Core 9).

Every failure gets one and the same answer, and an unknown client costs the same work as a wrong secret.
Left to others: what the client may do.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeAlias
from urllib.parse import unquote_plus

from idp.clients import mutual_tls, secrets
from idp.clients.addresses import may_call_from
from idp.clients.checks import SECRET_METHODS
from idp.clients.keys import find_keys
from idp.clients.registry import hash_secret
from idp.clients.security_profiles import EVERYONE, profile_of
from idp.oauth_errors import CLIENT_AUTHENTICATION, CLIENT_METHODS, PARAMETER_IN_QUERY
from idp.ports import IdpDeps, IdpWork
from idp.recent import recent
from idp.records import Client, ClientAuthentication
from idp.signing_keys import keyring
from idp.wire import OAuthRequest, OAuthResponse, error_response
from kernel.audit import AuditEvent
from kernel.clock import from_micros, timestamp
from kernel.errors import Refusal
from pki import jose

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CHALLENGE = 'Basic realm="chaoxin", charset="UTF-8"'
MAX_ASSERTION_SECONDS = 600
_SECRETS = ("client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "token", "access_token")
_NOBODY = bytes(32)
_KEPT = "clients"


@dataclass(frozen=True, slots=True)
class _Presented:
    """What a request shows: the method, the client that it claims to be, and the proof."""

    method: ClientAuthentication
    client_id: str
    proof: str = field(default="", repr=False)
    certificate: bytes | None = field(default=None, repr=False)


FindClient: TypeAlias = Callable[[IdpWork, str], Client | None]
"""Reads a client, disabled or not."""


def authenticate(deps: IdpDeps, request: OAuthRequest, *, endpoint: str, find: FindClient | None = None) -> Client:
    """Return the client that sent ``request`` to ``endpoint`` (its URL), or refuse (``invalid_client``).

    ``find`` reads the client where an endpoint reads more by the same statement.
    """
    check_nothing_secret_in_query(request)
    presented = _read(request)
    with deps.work.look() as work:
        client = (find or _find)(work, presented.client_id)
    if client is not None and presented.method == "none" and client.token_endpoint_auth_method in mutual_tls.METHODS:
        # RFC 8705 2: the request names the client, and nothing in it tells by which kind of certificate.
        presented = replace(presented, method=client.token_endpoint_auth_method)
    known = client is not None and client.disabled_at is None and client.token_endpoint_auth_method == presented.method
    proven = _PROOFS[presented.method](deps, client if known else None, presented, endpoint)
    if client is None or not known or not proven:
        raise Refusal(CLIENT_AUTHENTICATION)
    _check_address(deps, client, request)
    if presented.method in SECRET_METHODS:
        secrets.note_use(deps, client, hash_secret(presented.proof))
        recent(deps, _KEPT).put(client.client_id, client)
    return client


def recognise(deps: IdpDeps, request: OAuthRequest) -> tuple[Client, bytes] | None:
    """Return the client that sent ``request`` as it was when it last proved its secret, and that secret's hash; None where it has to be asked for.

    Whoever acts on that makes sure in the statement that does so that the client still is what it was (``records.stands_as``).
    """
    check_nothing_secret_in_query(request)
    presented = _read(request)
    client = recent(deps, _KEPT).get(presented.client_id)
    if not isinstance(client, Client) or client.token_endpoint_auth_method != presented.method:
        return None
    proven = presented.method in SECRET_METHODS and _prove_secret(deps, client, presented, "")
    return (client, hash_secret(presented.proof)) if proven and may_call_from(client, request.address) else None


def forget(deps: IdpDeps, client: Client) -> None:
    """Let a client be asked for the next time."""
    recent(deps, _KEPT).forget(client.client_id)


def _find(work: IdpWork, client_id: str) -> Client | None:
    return work.records.find_client(client_id)


def refused(refusal: Refusal) -> OAuthResponse:
    """Return the answer of an endpoint at which clients authenticate (RFC 6749 5.2)."""
    return error_response(refusal, challenge=_CHALLENGE if refusal.error is CLIENT_AUTHENTICATION else None)


def check_nothing_secret_in_query(request: OAuthRequest) -> None:
    """Refuse secrets in the address, where logs keep them (RFC 6749 2.3.1)."""
    for name in _SECRETS:
        if name in request.query.values:
            raise Refusal(PARAMETER_IN_QUERY, field=name, parameter=name)


def _check_address(deps: IdpDeps, client: Client, request: OAuthRequest) -> None:
    """G4: whoever proves to be the client from elsewhere hears what a wrong proof hears; the trail has the reason."""
    if may_call_from(client, request.address):
        return
    target, details = f"client:{client.client_id}", {"code": "client_address", "address": request.address}
    with deps.work.begin() as work:
        event = AuditEvent(deps.clock.now(), target, "idp.authenticate_client", target, outcome="refused", details=details)
        work.audit.record(event)
    raise Refusal(CLIENT_AUTHENTICATION)


def _read(request: OAuthRequest) -> _Presented:
    found = [presented for read in _READERS if (presented := read(request)) is not None]
    if len(found) > 1:
        raise Refusal(CLIENT_METHODS)
    if found:
        return found[0]
    client_id = request.form.get("client_id")
    if client_id is None:
        raise Refusal(CLIENT_AUTHENTICATION)
    return _Presented("none", client_id, certificate=request.certificate)


def _read_basic(request: OAuthRequest) -> _Presented | None:
    scheme, _, encoded = (request.authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise Refusal(CLIENT_AUTHENTICATION) from None
    # RFC 6749 2.3.1: both are form-encoded before they are joined.
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not colon or request.form.get("client_id") not in {None, client_id}:
        raise Refusal(CLIENT_AUTHENTICATION)
    return _Presented("client_secret_basic", client_id, secret)


def _read_post(request: OAuthRequest) -> _Presented | None:
    secret = request.form.get("client_secret")
    if secret is None:
        return None
    return _Presented("client_secret_post", request.form.require("client_id"), secret)


def _read_assertion(request: OAuthRequest) -> _Presented | None:
    assertion = request.form.get("client_assertion")
    if assertion is None:
        return None
    if request.form.get("client_assertion_type") != ASSERTION_TYPE:
        raise Refusal(CLIENT_AUTHENTICATION)
    try:
        client_id = jose.unverified_claims(assertion).get("iss")  # only to find out whose keys it must be verified with
    except Refusal:
        raise Refusal(CLIENT_AUTHENTICATION) from None
    if not isinstance(client_id, str) or request.form.get("client_id") not in {None, client_id}:
        raise Refusal(CLIENT_AUTHENTICATION)
    return _Presented("private_key_jwt", client_id, assertion)


def _prove_nothing(_deps: IdpDeps, client: Client | None, _presented: _Presented, _endpoint: str) -> bool:
    return client is not None


def _prove_secret(_deps: IdpDeps, client: Client | None, presented: _Presented, _endpoint: str) -> bool:
    digest = hash_secret(presented.proof)
    known = () if client is None else tuple(secret.hash for secret in client.secrets)
    stored = (*known, *(_NOBODY,) * secrets.MOST)[: secrets.MOST]  # as many for everybody
    return any([hmac.compare_digest(digest, secret) for secret in stored])  # noqa: C419 - all of them, whichever is right


def _prove_key(deps: IdpDeps, client: Client | None, presented: _Presented, endpoint: str) -> bool:
    now = deps.clock.now()
    profile = EVERYONE if client is None else profile_of(client)
    try:
        claims = jose.verify(
            presented.proof,
            _keys_of(deps, client, presented.proof),
            algorithms=profile.algorithms,
            typ=("JWT", "client-authentication+jwt", None),
            audience=deps.issuer if profile.issuer_only else (deps.issuer, endpoint),
            issuer=presented.client_id,
            now=now,
            leeway=10,
            require=("iss", "sub", "aud", "exp", "jti"),
        )
    except Refusal:
        return False
    # One audience only: an assertion that is good elsewhere too could be replayed there, or here.
    one_audience = isinstance(claims["aud"], str) or (len(claims["aud"]) == 1 and not profile.issuer_only)
    if (
        client is None
        or claims["sub"] != client.client_id
        or not one_audience
        or claims["exp"] > timestamp(now) + MAX_ASSERTION_SECONDS
    ):
        return False
    expires_at = from_micros(int(claims["exp"]) * 1_000_000) + timedelta(seconds=60)
    with deps.work.begin() as work:
        return work.records.take_assertion(client.client_id, claims["jti"], expires_at)


def _prove_certificate(deps: IdpDeps, client: Client | None, presented: _Presented, _endpoint: str) -> bool:
    return client is not None and mutual_tls.is_proven(deps, client, presented.certificate)


def _keys_of(deps: IdpDeps, client: Client | None, assertion: str) -> jose.Keys:
    """Return the keys to verify with: the client's, or for nobody's assertion one of our own, so that it costs the same and fails."""
    if client is not None:
        return find_keys(deps, client, assertion)
    ours = jose.parse_jwks({"keys": list(keyring(deps).published)}).values()
    algorithm = jose.unverified_header(assertion).get("alg")
    fitting = next((key for key in ours if key.alg == algorithm), next(iter(ours)))
    return replace(fitting, kid=None)


_READERS = (_read_basic, _read_post, _read_assertion)
_PROOFS: dict[ClientAuthentication, Callable[[IdpDeps, Client | None, _Presented, str], bool]] = {
    "none": _prove_nothing,
    "client_secret_basic": _prove_secret,
    "client_secret_post": _prove_secret,
    "private_key_jwt": _prove_key,
    "tls_client_auth": _prove_certificate,
    "self_signed_tls_client_auth": _prove_certificate,
}
