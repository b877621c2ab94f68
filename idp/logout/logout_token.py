"""Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4): signed word that somebody's session has ended.

Left to others: when one is sent, and where to (``delivery``).
"""

from __future__ import annotations

from datetime import datetime

from idp.claims.subjects import sid_of, subject_of
from idp.ports import IdpDeps
from idp.records import Client, LogoutDelivery
from idp.signing_keys import get_signing_key
from kernel.clock import timestamp
from kernel.randomness import token
from pki import jose

LOGOUT_TOKEN_TYPE = "logout+jwt"  # noqa: S105 - Back-Channel Logout 2.4
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def sign_logout_token(deps: IdpDeps, client: Client, delivery: LogoutDelivery, *, now: datetime) -> str:
    """Return a logout token for ``client``, in the algorithm of its ID tokens. Each try has a ``jti`` of its own.

    It says which session has ended and whose (but where the client knows it as an organisation's, for which its owner acted: 2.4 wants
    one of the two), and has no ``nonce``, so that it can never pass for an ID token.
    """
    issued = timestamp(now)
    claims = {
        "iss": deps.issuer,
        "aud": client.client_id,
        "iat": issued,
        "exp": issued + deps.policies.tokens.logout_token_seconds,
        "jti": token(16),
        "events": {EVENT: {}},
        "sid": sid_of(deps, client, delivery.session_id),
    }
    if not delivery.acting:
        claims["sub"] = subject_of(deps, client, delivery.account_id)
    key = get_signing_key(deps, client.id_token_signed_response_alg)
    return jose.sign(claims, key, kid=key.kid, alg=key.alg, typ=LOGOUT_TOKEN_TYPE)
