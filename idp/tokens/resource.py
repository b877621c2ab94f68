"""An access token as it is shown to a resource of ours: by which scheme, by the holder of its key, after which login.

1. One token, sent in one way. 2. It is ours and in time. 3. The scheme is the one that it was issued for, so that a bound token never passes
as a bearer's. 4. The keys that it is bound to are proven anew. 5. Where it is asked for, the person behind it logged in well enough.

Left to others: whether it was revoked, whether its scope suffices (each resource).
"""

from __future__ import annotations

from idp.oauth_errors import TOKEN_INVALID, TOKEN_MISSING, TOKEN_TWICE, oauth_name
from idp.ports import IdpDeps
from idp.tokens import dpop
from idp.tokens.binding import token_type
from idp.tokens.errors import DPOP_NONCE, DPOP_PROOF, LEVEL_INSUFFICIENT, TOKEN_CERTIFICATE, TOKEN_SCHEME
from idp.tokens.signed import AccessToken, verify_access_token
from idp.wire import OAuthRequest, OAuthResponse, error_response
from kernel.errors import Refusal
from pki import jose
from pki.jwk import ALGORITHMS
from policies import assurance

_BEARER = 'Bearer realm="chaoxin"'
_DPOP = f'DPoP realm="chaoxin", algs="{" ".join(ALGORITHMS)}"'
_OF_DPOP = (DPOP_NONCE, DPOP_PROOF, TOKEN_SCHEME)
_UNAUTHORIZED = 401


def verify_shown(deps: IdpDeps, request: OAuthRequest, path: str) -> AccessToken:
    """Return the access token that ``request`` shows to the resource at ``path``, or refuse."""
    # 1.
    scheme, value = _read(request)
    # 2.
    try:
        token = verify_access_token(deps, value, audience=deps.issuer)
    except Refusal:
        raise Refusal(TOKEN_INVALID) from None
    # 3. RFC 9449 7.2
    if scheme != token_type(token.confirmation).lower():
        raise Refusal(TOKEN_SCHEME)
    # 4. RFC 9449 7.1, RFC 8705 3
    if "jkt" in token.confirmation:
        dpop.verify_proof(deps, request, path, access_token=value, bound_to=token.confirmation["jkt"])
    bound = token.confirmation.get(jose.THUMBPRINT)
    if bound is not None and (request.certificate is None or jose.thumbprint_of(request.certificate) != bound):
        raise Refusal(TOKEN_CERTIFICATE)
    return token


def check_level(deps: IdpDeps, token: AccessToken, acr: str | None) -> None:
    """5. Refuse a token whose person logged in on a lower level than ``acr`` (RFC 9470 3); the challenge names it."""
    if acr is None:
        return
    found = assurance.find_level(deps.policies.assurance, str(token.claims.get("acr")))
    if found is None or found.rank < assurance.get_level(deps.policies.assurance, acr).rank:
        raise Refusal(LEVEL_INSUFFICIENT, acr_values=acr)


def refused(deps: IdpDeps, request: OAuthRequest, refusal: Refusal) -> OAuthResponse:
    """Return the answer to a token that was refused, with the challenge that tells the client what would do (RFC 6750 3, 9449 7.1)."""
    status = _UNAUTHORIZED if refusal.error in _OF_DPOP else None
    answer = error_response(refusal, challenge=_challenge(request, refusal), status=status)
    return answer.with_headers(*dpop.headers(deps, request))


def _read(request: OAuthRequest) -> tuple[str, str]:
    """Return the token of the header or of the body (RFC 6750 2); one in the address is not taken, for logs keep addresses."""
    scheme, _, value = (request.authorization or "").partition(" ")
    in_body = request.form.get("access_token")
    if in_body is not None and request.authorization:  # RFC 6750 2
        raise Refusal(TOKEN_TWICE)
    if in_body is not None:
        return "bearer", in_body
    if scheme.lower() in {"bearer", "dpop"} and value.strip():
        return scheme.lower(), value.strip()
    raise Refusal(TOKEN_MISSING)


def _challenge(request: OAuthRequest, refusal: Refusal) -> str:
    if refusal.error is TOKEN_MISSING:  # RFC 6750 3.1: no error code where no token was sent; RFC 9449 7.2: both schemes
        return f"{_BEARER}, {_DPOP}"
    scheme = _DPOP if refusal.error in _OF_DPOP or (request.authorization or "").lower().startswith("dpop ") else _BEARER
    wanted = f', acr_values="{refusal.details["acr_values"]}"' if refusal.error is LEVEL_INSUFFICIENT else ""
    return f'{scheme}, error="{oauth_name(refusal)}", error_description="{refusal.text.en}"{wanted}'
