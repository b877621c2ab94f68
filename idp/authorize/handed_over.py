"""What a login leaves for the client to redeem. Left to others: the grant behind it (``flow``), redeeming it (``tokens.grants``)."""

from __future__ import annotations

from datetime import timedelta

from idp.authorize.request import AuthorizationRequest
from idp.clients.security_profiles import profile_of
from idp.errors import TRANSACTION_OVER
from idp.hashes import digest
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Code, Grant
from kernel.errors import Refusal
from kernel.randomness import token


def hand_over(work: IdpWork, deps: IdpDeps, client: Client, request: AuthorizationRequest, grant: Grant) -> dict[str, str]:
    """Store what the client redeems: a code, which the browser carries to it, or a yes to the kiosk that waits for one."""
    now = grant.created_at
    if request.device_id is not None:
        if not work.records.decide_device_request(request.device_id, grant.id, now):
            raise Refusal(TRANSACTION_OVER)
        return {}
    value = token()
    lifetime = min(deps.policies.tokens.authorization_code_seconds, profile_of(client).max_code_seconds)
    code = Code(
        code_hash=digest(value),
        grant_id=grant.id,
        client_id=grant.client_id,
        redirect_uri=request.address.redirect_uri,
        code_challenge=request.code_challenge,
        nonce=request.nonce,
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime),
        dpop_jkt=request.dpop_jkt,
    )
    work.records.add_code(code)
    return {"code": value}
