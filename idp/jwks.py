"""The public keys that our tokens are verified with (RFC 7517): the coming, the signing and the retired ones."""

from __future__ import annotations

from idp.ports import IdpDeps
from idp.signing_keys import Keyring, keyring
from idp.wire import OAuthRequest, OAuthResponse, check_method, error_response, json_response
from kernel.errors import Refusal

_CACHE = "public, max-age=300"
_KEPT = "jwks"


def handle(deps: IdpDeps, request: OAuthRequest) -> OAuthResponse:
    """Answer a request for the keys."""
    try:
        check_method(request, "GET", "HEAD")
    except Refusal as refusal:
        return error_response(refusal)
    ring = keyring(deps)
    kept: tuple[Keyring, OAuthResponse] | None = deps.kept.get(_KEPT)
    if kept is None or kept[0] is not ring:
        kept = deps.kept[_KEPT] = ring, json_response({"keys": [dict(jwk) for jwk in ring.published]}, cache=_CACHE)
    return kept[1]
