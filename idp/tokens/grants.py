"""What a grant type turns into tokens: authorization_code, refresh_token, client_credentials. One function for each.

Consume first, then issue, in one transaction: whoever is killed in between leaves no usable code behind, and of any number of
redemptions at once exactly one gets tokens. Left to others: who is calling (``client_authentication``), HTTP (``token``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.browsers.sessions import is_alive
from idp.claims.subjects import subject_of
from idp.clients.security_profiles import profile_of
from idp.hashes import digest
from idp.oauth_errors import (
    CODE_INVALID,
    CODE_REDIRECT_URI,
    CODE_VERIFIER,
    CODE_VERIFIER_UNEXPECTED,
    REFRESH_INVALID,
    SCOPE_WIDER,
)
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Code, Grant, RefreshToken
from idp.tokens.binding import Binding
from idp.tokens.errors import CODE_KEY, REFRESH_KEY
from idp.wire import Parameters
from kernel.audit import AuditEvent
from kernel.errors import ErrorCode, Refusal
from kernel.randomness import token

GRACE = timedelta(seconds=20)
"""How long a refresh token that was exchanged may be shown again: by a client whose answer was lost on the way."""

_NO_SCOPES_FOR_CLIENTS = frozenset({"openid", "offline_access"})


@dataclass(frozen=True, slots=True)
class Issue:
    """What is to be signed and handed out. ``grant`` None: the client on its own behalf."""

    subject: str
    scopes: tuple[str, ...]
    grant: Grant | None = None
    nonce: str | None = None
    refresh_token: str | None = field(default=None, repr=False)


def redeem_code(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> Issue:
    """Exchange an authorization code (RFC 6749 4.1.3). A code shown twice revokes all that the first time gave (RFC 9700 2.1.1)."""
    code_hash = digest(form.require("code"))
    now = deps.clock.now()
    refresh_token = token() if "refresh_token" in client.grant_types else None
    # 1. Consume; whatever is wrong with the rest, this code is used up.
    # 2. Check what it was bound to.
    # 3. Issue. A refusal must not undo 1, so it is raised after the transaction.
    with deps.work.begin() as work:
        code = work.records.redeem_code(code_hash, now)
        grant = None if code is None else work.records.find_grant(code.grant_id)
        fault = CODE_INVALID if code is None or grant is None else _find_code_fault(client, code, grant, form, binding, now=now)
        if code is None:
            _punish_replay(work, client, code_hash, now)
        if fault is None and code is not None and grant is not None:
            if refresh_token is not None:
                bound_to = binding.of_refresh_token if client.public else None
                work.records.add_refresh_token(_refresh_record(deps, refresh_token, grant, bound_to, now=now))
            work.audit.record(_event(client, "idp.redeem_code", grant, now))
            return Issue(subject_of(deps, client, grant.account_id), grant.scopes, grant, code.nonce, refresh_token)
        work.audit.record(_event(client, "idp.redeem_code", grant, now, fault=fault))
    raise Refusal(fault or CODE_INVALID)


def refresh(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> Issue:
    """Exchange a refresh token for the next (RFC 6749 6, RFC 9700 4.14.2): each is used once, a replay revokes the family.

    The next token is derived from the one shown, under a key of the node's. So a client that shows a token again within
    :data:`GRACE` gets the *same* successor, of which there is never more than one; as soon as the successor was used, or the
    grace is over, showing the old one is a replay. Where the client's security profile has no rotation, the token stays the same.
    """
    shown = form.require("refresh_token")
    asked = tuple(dict.fromkeys((form.get("scope") or "").split()))
    rotates = profile_of(client).rotation
    successor = _derive(deps, shown) if rotates else shown
    now = deps.clock.now()
    with deps.work.begin() as work:
        # 1. What it is bound to; a client's mistake here uses nothing up.
        found = work.records.find_refresh_token(digest(shown))
        grant = None if found is None else work.records.find_grant(found.grant_id)
        fault: ErrorCode | None = REFRESH_INVALID
        if found is not None and grant is not None:
            fault = _find_refresh_fault(work, client, found, grant, now=now) or _find_scope_fault(grant, asked)
            if fault is None and not binding.fulfils(found.cnf):
                fault = REFRESH_KEY
            # 2. Consume, by one conditional statement; or show the same successor again.
            if fault is None and rotates and not _rotate(work, deps, found, grant, successor, now=now):
                work.records.revoke_grant(grant.id, now)
                fault = REFRESH_INVALID
            # 3. Issue. A refusal must not undo 2, so it is raised after the transaction.
            if fault is None:
                work.audit.record(_event(client, "idp.refresh", grant, now))
                return Issue(subject_of(deps, client, grant.account_id), asked or grant.scopes, grant, None, successor)
        work.audit.record(_event(client, "idp.refresh", grant, now, fault=fault))
    raise Refusal(fault or REFRESH_INVALID)


def client_credentials(deps: IdpDeps, client: Client, form: Parameters, _binding: Binding) -> Issue:
    """Give a client a token on its own behalf (RFC 6749 4.4): no person, no ID token, no refresh token."""
    own = tuple(scope for scope in client.scopes if scope not in _NO_SCOPES_FOR_CLIENTS)
    asked = tuple(dict.fromkeys((form.get("scope") or "").split()))
    if not set(asked) <= set(own):
        raise Refusal(SCOPE_WIDER, field="scope")
    now = deps.clock.now()
    with deps.work.begin() as work:
        work.audit.record(_event(client, "idp.client_credentials", None, now))
    return Issue(client.client_id, asked or own)


def _find_code_fault(
    client: Client, code: Code, grant: Grant, form: Parameters, binding: Binding, *, now: datetime
) -> ErrorCode | None:
    if code.client_id != client.client_id or code.expires_at <= now or grant.revoked_at is not None:
        return CODE_INVALID
    if form.get("redirect_uri") != code.redirect_uri:  # RFC 6749 4.1.3
        return CODE_REDIRECT_URI
    if code.dpop_jkt not in {None, binding.jkt}:  # RFC 9449 10
        return CODE_KEY
    verifier = form.get("code_verifier")
    if code.code_challenge is None:
        return None if verifier is None else CODE_VERIFIER_UNEXPECTED  # RFC 9700 2.1.1: no downgrade
    if verifier is None or not hmac.compare_digest(_challenge(verifier).encode(), code.code_challenge.encode()):
        return CODE_VERIFIER
    return None


def _punish_replay(work: IdpWork, client: Client, code_hash: bytes, now: datetime) -> None:
    replayed = work.records.find_code(code_hash)
    if replayed is not None and replayed.client_id == client.client_id:
        work.records.revoke_grant(replayed.grant_id, now)


def _find_refresh_fault(work: IdpWork, client: Client, found: RefreshToken, grant: Grant, *, now: datetime) -> ErrorCode | None:
    if found.client_id != client.client_id or found.expires_at <= now or grant.revoked_at is not None:
        return REFRESH_INVALID
    account = work.records.find_account(grant.account_id)
    if account is None or account.disabled_at is not None:
        return REFRESH_INVALID
    if not grant.offline:  # Back-Channel Logout 1.0, 2.7: without offline_access it ends with the session
        session = work.records.find_session(grant.session_id)
        if session is None or not is_alive(session, now):
            return REFRESH_INVALID
    return None


def _find_scope_fault(grant: Grant, asked: tuple[str, ...]) -> ErrorCode | None:
    return None if set(asked) <= set(grant.scopes) else SCOPE_WIDER  # RFC 6749 6


def _rotate(work: IdpWork, deps: IdpDeps, found: RefreshToken, grant: Grant, successor: str, *, now: datetime) -> bool:
    if work.records.use_refresh_token(found.token_hash, now) is None:
        return _in_grace(work, found, successor, now)
    work.records.add_refresh_token(_refresh_record(deps, successor, grant, found.cnf, now=now))
    return True


def _in_grace(work: IdpWork, found: RefreshToken, successor: str, now: datetime) -> bool:
    used = work.records.find_refresh_token(found.token_hash)  # again: another request may have used it since
    heir = work.records.find_refresh_token(digest(successor))
    if used is None or used.used_at is None or heir is None or heir.used_at is not None:
        return False
    return now - used.used_at <= GRACE


def _refresh_record(deps: IdpDeps, value: str, grant: Grant, cnf: Mapping[str, str] | None, *, now: datetime) -> RefreshToken:
    expires_at = now + timedelta(seconds=deps.policies.tokens.refresh_token_seconds)
    return RefreshToken(digest(value), grant.id, grant.client_id, now, expires_at, cnf=cnf)


def _derive(deps: IdpDeps, shown: str) -> str:
    key = deps.keys.secret("idp-refresh")
    return _base64url(hmac.digest(key, b"next refresh token\0" + shown.encode("utf-8", "surrogatepass"), "sha256"))


def _challenge(verifier: str) -> str:
    return _base64url(hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest())  # RFC 7636 4.6


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _event(client: Client, action: str, grant: Grant | None, now: datetime, *, fault: ErrorCode | None = None) -> AuditEvent:
    target = "grant:unknown" if grant is None else f"grant:{grant.id}"
    if action == "idp.client_credentials":
        target = f"client:{client.client_id}"
    actor = f"client:{client.client_id}"
    if fault is None:
        return AuditEvent(now, actor, action, target)
    return AuditEvent(now, actor, action, target, outcome="refused", details={"code": fault.code})
