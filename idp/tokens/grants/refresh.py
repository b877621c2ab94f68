"""The refresh token grant (RFC 6749 6): every token is used once and has one successor; a replay revokes the family (RFC 9700 4.14.2)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from idp.browsers.sessions import is_alive
from idp.clients.resources import Target
from idp.clients.security_profiles import profile_of
from idp.hashes import digest
from idp.oauth_errors import REFRESH_INVALID, SCOPE_WIDER
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Grant, RefreshToken
from idp.tokens.binding import Binding
from idp.tokens.errors import REFRESH_KEY
from idp.tokens.grants.events import event
from idp.tokens.grants.resource import asked_resource, find_granted_target
from idp.tokens.issue import Issue, issue_for
from idp.wire import Parameters
from kernel.errors import ErrorCode, Refusal
from kernel.randomness import token
from pki.strict_json import encode_base64url

GRACE = timedelta(seconds=20)
"""How long a refresh token that was exchanged may be shown again: by a client whose answer was lost on the way."""

_ACTION = "idp.refresh"


def redeem(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> Issue:
    """Exchange a refresh token for the next.

    The next token is derived from the one shown, under a key of the node's. So a client that shows a token again within
    :data:`GRACE` gets the *same* successor, of which there is never more than one; as soon as the successor was used, or the
    grace is over, showing the old one is a replay. Where the client's security profile has no rotation, the token stays the same.
    """
    shown, asked = form.require("refresh_token"), asked_resource(form)
    asked_scopes = tuple(dict.fromkeys((form.get("scope") or "").split()))
    rotates = profile_of(client).rotation
    successor = _derive(deps, shown) if rotates else shown
    now = deps.clock.now()
    with deps.work.begin() as work:
        # 1. What it is bound to; a client's mistake here uses nothing up.
        family = work.records.find_refresh_family(digest(shown))
        grant: Grant | None = None
        fault: ErrorCode = REFRESH_INVALID
        if family is not None:
            found, grant, account_stands = family
            scopes = asked_scopes or grant.scopes
            outcome = (
                (_find_fault(work, client, found, grant, now=now) if account_stands else REFRESH_INVALID)
                or (None if binding.fulfils(found.cnf) else REFRESH_KEY)
                or _find_scope_fault(grant, asked_scopes)
                or find_granted_target(work, deps, client, grant, scopes, asked=asked)
            )
            # 2. Consume, by one conditional statement; or show the same successor again. What was exchanged before its client's
            #    profile had no rotation is not worth anything again (RFC 9700 4.14.2).
            if isinstance(outcome, Target) and not (
                _rotate(work, deps, found, grant, successor, now=now) if rotates else found.used_at is None
            ):
                work.records.revoke_grant(grant.id, now)
                outcome = REFRESH_INVALID
            # 3. Issue. A refusal must not undo 2, so it is raised after the transaction.
            if isinstance(outcome, Target):
                work.audit.record(event(client, _ACTION, grant, now))
                return issue_for(work, deps, client, grant, outcome, scopes=scopes, refresh_token=successor)
            fault = outcome
        work.audit.record(event(client, _ACTION, grant, now, fault=fault))
    raise Refusal(fault)


def new_refresh_token(
    work: IdpWork, deps: IdpDeps, client: Client, grant: Grant, binding: Binding, *, now: datetime
) -> str | None:
    """Store the first refresh token of a grant and return it; None for a client that is not registered for them."""
    if "refresh_token" not in client.grant_types:
        return None
    value = token()
    bound_to = binding.of_refresh_token if client.public else None
    work.records.add_refresh_token(_record(deps, value, grant, bound_to, now=now))
    return value


def _rotate(work: IdpWork, deps: IdpDeps, found: RefreshToken, grant: Grant, successor: str, *, now: datetime) -> bool:
    if work.records.use_refresh_token(found.token_hash, now) is not None:
        work.records.add_refresh_token(_record(deps, successor, grant, found.cnf, now=now))
        return True
    return _in_grace(work, found, successor, now)


def _find_fault(work: IdpWork, client: Client, found: RefreshToken, grant: Grant, *, now: datetime) -> ErrorCode | None:
    if found.client_id != client.client_id or found.expires_at <= now or grant.revoked_at is not None:
        return REFRESH_INVALID
    if not grant.offline:  # Back-Channel Logout 1.0, 2.7: without offline_access it ends with the session
        session = work.records.find_session(grant.session_id)
        if session is None or not is_alive(session, now):
            return REFRESH_INVALID
    return None


def _find_scope_fault(grant: Grant, asked: tuple[str, ...]) -> ErrorCode | None:
    return None if set(asked) <= set(grant.scopes) else SCOPE_WIDER  # RFC 6749 6


def _in_grace(work: IdpWork, found: RefreshToken, successor: str, now: datetime) -> bool:
    used = work.records.find_refresh_token(found.token_hash)  # again: another request may have used it since
    heir = work.records.find_refresh_token(digest(successor))
    if used is None or used.used_at is None or heir is None or heir.used_at is not None:
        return False
    return now - used.used_at <= GRACE


def _record(deps: IdpDeps, value: str, grant: Grant, cnf: Mapping[str, str] | None, *, now: datetime) -> RefreshToken:
    expires_at = now + timedelta(seconds=deps.policies.tokens.refresh_token_seconds)
    return RefreshToken(digest(value), grant.id, grant.client_id, now, expires_at, cnf=cnf)


def _derive(deps: IdpDeps, shown: str) -> str:
    key = deps.keys.secret("idp-refresh")
    derived = hmac.digest(key, b"next refresh token\0" + shown.encode("utf-8", "surrogatepass"), "sha256")
    return encode_base64url(derived)
