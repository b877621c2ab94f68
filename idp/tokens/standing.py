"""Whether a token that verifies still counts: nothing that it rests on was revoked, disabled or ended since it was signed.

Left to others: signature, times and audience (``signed``), who may be told (``introspection``).
"""

from __future__ import annotations

from datetime import datetime

from idp.browsers.sessions import is_alive
from idp.enterprises import mandates
from idp.ports import IdpDeps, IdpWork
from idp.records import Grant, RefreshToken
from idp.tokens.signed import AccessToken


def counts(deps: IdpDeps, token: AccessToken) -> bool:
    """Tell whether an access token still counts: it, its client, the grant that it is of and the account behind that, its mandate."""
    with deps.work.look() as work:
        stands = work.records.does_access_token_count(token.client_id, token.jti, token.grant_id)
        return stands and mandate_counts(work, deps, token)


def mandate_counts(work: IdpWork, deps: IdpDeps, token: AccessToken) -> bool:
    """Tell whether the mandate by which an access token is good still counts; True where there is none."""
    return token.mandate_id is None or mandates.find_standing(work, deps, token.mandate_id, deps.clock.now()) is not None


def refresh_token_counts(work: IdpWork, token: RefreshToken, grant: Grant, now: datetime) -> bool:
    """Tell whether a refresh token of an account that stands could be used now."""
    if token.use is not None or token.expires_at <= now or grant.revoked_at is not None:
        return False
    session = None if grant.offline else work.records.find_session(grant.session_id)
    return grant.offline or (session is not None and is_alive(session, now))
