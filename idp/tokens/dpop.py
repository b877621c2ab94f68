"""DPoP proofs (RFC 9449): a client shows with each request that it holds the key to which its tokens are bound.

Nothing of a proof is kept but that it was used. Nonces are not kept either: they are derived from a key of the node's and the time.
Left to others: what a proven key is bound to (``binding``), where a proof is a must (``binding``, ``resource``).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from idp import endpoints
from idp.ports import IdpDeps
from idp.tokens.errors import DPOP_NONCE, DPOP_PROOF
from idp.wire import OAuthRequest
from kernel.clock import from_micros, timestamp
from kernel.errors import Refusal
from pki import jose
from pki.jwk import ALGORITHMS
from pki.strict_json import encode_base64url

TYPE = "dpop+jwt"

_MAX_PROOF_BYTES = 8192  # an RSA key of 8,192 bits and a signature by it fit in
_SKEW = timedelta(seconds=60)  # between the clocks of the machines that share a database
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Shown:
    """A proof whose signature is right, and the request that it came with. ``jkt`` is the thumbprint of the key that made it."""

    deps: IdpDeps
    claims: dict[str, Any]
    jkt: str
    method: str
    urls: tuple[str, ...]
    access_token: str | None
    bound_to: str | None
    now: datetime


def verify_proof(
    deps: IdpDeps,
    request: OAuthRequest,
    path: str,
    *,
    algorithms: Collection[str] = ALGORITHMS,
    access_token: str | None = None,
    bound_to: str | None = None,
) -> str:
    """Return the thumbprint of the key that ``request`` to the endpoint at ``path`` proves to hold; ``Refusal`` unless all of it is right.

    At a resource the proof is for the ``access_token`` that it comes with, which is ``bound_to`` a key (RFC 9449 4.3).
    """
    if request.dpop is None:
        raise Refusal(DPOP_PROOF, problem="missing")
    now = deps.clock.now()
    try:
        # One proof, well-formed, typ dpop+jwt, an asymmetric algorithm, a public key, its signature (4.3, 1 to 7).
        claims, key = jose.verify_possession(
            request.dpop,
            algorithms=algorithms,
            typ=TYPE,
            now=now,
            max_bytes=_MAX_PROOF_BYTES,
            require=("jti", "htm", "htu", "iat"),
        )
    except Refusal as refusal:
        raise Refusal(DPOP_PROOF, problem=refusal.code) from None
    urls = endpoints.urls(deps, path)
    shown = Shown(deps, claims, jose.thumbprint(key.public), request.method, urls, access_token, bound_to, now)
    for check in _CHECKS:
        check(shown)
    return shown.jkt


def check_htm(shown: Shown) -> None:
    """RFC 9449 4.3, 8: made for this method."""
    if shown.claims["htm"] != shown.method:
        raise Refusal(DPOP_PROOF, problem="htm")


def check_htu(shown: Shown) -> None:
    """RFC 9449 4.3, 9: made for this address, as it is configured, whatever Host the request names; query and fragment don't count."""
    asked = _place(shown.claims["htu"])
    if asked is None or asked not in {_place(url) for url in shown.urls}:
        raise Refusal(DPOP_PROOF, problem="htu")


def check_iat(shown: Shown) -> None:
    """RFC 9449 4.3, 11: made lately. One from the future was refused with the signature."""
    if timestamp(shown.now) - shown.claims["iat"] > shown.deps.policies.tokens.dpop_proof_seconds:
        raise Refusal(DPOP_PROOF, problem="iat")


def check_ath(shown: Shown) -> None:
    """RFC 9449 4.3, 12: made for this access token."""
    if shown.access_token is None:
        return
    expected = encode_base64url(hashlib.sha256(shown.access_token.encode("ascii")).digest())
    if shown.claims.get("ath") != expected:
        raise Refusal(DPOP_PROOF, problem="ath")


def check_key(shown: Shown) -> None:
    """RFC 9449 4.3, 12: made by the key that the access token is bound to."""
    if shown.bound_to is not None and shown.jkt != shown.bound_to:
        raise Refusal(DPOP_PROOF, problem="jkt")


def check_nonce(shown: Shown) -> None:
    """RFC 9449 4.3, 10: made after we were asked, where policies demand that."""
    if not shown.deps.policies.tokens.dpop_nonce_required:
        return
    given = shown.claims.get("nonce")
    if not isinstance(given, str) or given not in {_nonce(shown.deps, shown.now, back) for back in (0, 1)}:
        raise Refusal(DPOP_NONCE)


def check_first_use(shown: Shown) -> None:
    """RFC 9449 11.1: used once, of all processes. Last, so that only proofs that are right leave a trace."""
    until = from_micros(int(shown.claims["iat"]) * 1_000_000)
    until += timedelta(seconds=shown.deps.policies.tokens.dpop_proof_seconds) + _SKEW
    with shown.deps.work.begin() as work:
        if not work.records.take_proof(shown.jkt, shown.claims["jti"], until):
            raise Refusal(DPOP_PROOF, problem="jti")


_CHECKS = (check_htm, check_htu, check_iat, check_ath, check_key, check_nonce, check_first_use)


def headers(deps: IdpDeps, request: OAuthRequest) -> tuple[tuple[str, str], ...]:
    """Return the header that gives a client the next nonce (RFC 9449 8.2), where it uses DPoP and policies demand nonces."""
    if request.dpop is None or not deps.policies.tokens.dpop_nonce_required:
        return ()
    return (("DPoP-Nonce", _nonce(deps, deps.clock.now(), 0)),)


def _nonce(deps: IdpDeps, now: datetime, back: int) -> str:
    window = timestamp(now) // deps.policies.tokens.dpop_nonce_seconds - back
    return encode_base64url(hmac.digest(deps.keys.secret("idp-dpop-nonce"), b"DPoP nonce\0%d" % window, "sha256"))


def _place(url: object) -> tuple[str, str | None, int | None, str] | None:
    """Return what of an address counts, normalised (RFC 3986 6.2.2, 6.2.3); None for what is no address."""
    if not isinstance(url, str):
        return None
    try:
        parts: SplitResult = urlsplit(url)
        port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
    except ValueError:
        return None
    return None if "@" in parts.netloc else (parts.scheme, parts.hostname, port, parts.path or "/")
