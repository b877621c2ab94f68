"""The refresh token grant (RFC 6749 6): every token is used once and gives one set of tokens; a replay revokes the family (RFC 9700 4.14.2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from idp.browsers.sessions import is_alive
from idp.clients.resources import Target, own_target
from idp.clients.security_profiles import profile_of
from idp.hashes import digest
from idp.oauth_errors import REFRESH_INVALID, REFRESH_OTHERWISE, SCOPE_WIDER
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Grant, Heir, RefreshFamily, RefreshToken, Use
from idp.tokens.binding import Binding
from idp.tokens.errors import REFRESH_KEY
from idp.tokens.grants.events import event
from idp.tokens.grants.resource import asked_resource, find_granted_target
from idp.tokens.issue import Issue, Repeatable, issue_for
from idp.wire import Parameters
from kernel.errors import ErrorCode, Refusal
from kernel.randomness import token
from kernel.work import Conflict
from pki.strict_json import encode_base64url

GRACE = timedelta(seconds=20)
"""How long a refresh token that was exchanged may be shown again: by a client whose answer was lost on the way."""

_ACTION = "idp.refresh"


@dataclass(slots=True)
class Shown:
    """The refresh token that a request shows, and its family: read by the same statement as the client that shows it."""

    value: str
    family: RefreshFamily | None = None

    def find_client(self, work: IdpWork, client_id: str) -> Client | None:
        """Return the client; the family is looked at once the client has proven itself."""
        if not self.value:
            return work.records.find_client(client_id)
        found = work.records.find_showing_client(client_id, digest(self.value))
        if found is None:
            return None
        client, self.family = found
        return client


def read(form: Parameters) -> Shown:
    """Return what ``form`` shows, be it nothing."""
    return Shown(form.get("refresh_token") or "")


def redeem(deps: IdpDeps, client: Client, form: Parameters, binding: Binding, shown: Shown) -> Issue:
    """Exchange a refresh token for the next.

    The next token is derived from the one shown, under a key of the node's; the access token's identifier is half the hash of the one that
    is used up for it, and what is signed is signed as of the first time. So a client that shows a token again within :data:`GRACE`, and
    asks for the same, gets the *same* set, of which there is never more than one; as soon as the successor was used, or the grace is over,
    showing the old one is a replay. Where the client's security profile has no rotation, the token stays the same, and each use is one of
    its own.
    """
    form.require("refresh_token")
    asked, scopes = asked_resource(form), tuple(dict.fromkeys((form.get("scope") or "").split()))
    family, now = shown.family, deps.clock.now()
    if family is None:
        raise _refused(deps, client, None, REFRESH_INVALID, now)
    try:
        with deps.work.begin() as work:
            # 1. What it is bound to; a client's mistake here uses nothing up.
            outcome: Target | ErrorCode = (
                _find_fault(work, client, family, binding, now=now)
                or _find_scope_fault(family.grant, scopes)
                or find_granted_target(work, deps, client, family.grant, scopes or family.grant.scopes, asked=asked)
            )
            # 2. Consume, and 3. issue; or find when it was consumed, and issue again.
            if isinstance(outcome, Target):
                issue = _issue(deps, client, shown.value, family, outcome, scopes=scopes or family.grant.scopes, now=now)
                use = Use(now, _asked(deps, client, family.grant, issue, binding))
                _use(work, deps, family, issue, use)
            fault = None if isinstance(outcome, Target) else outcome
            work.audit.record(event(client, _ACTION, family.grant, now, fault=fault))
    except Conflict:
        return _issue_again(deps, client, family, issue, use)
    if fault is not None:
        raise Refusal(fault)
    return issue


def redeem_at_once(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> Issue:
    """Exchange a refresh token of a client as it is remembered, for all that its grant gives at our own endpoints, without waiting in between.

    ``Conflict``, and nothing is done, where anything is otherwise, or amiss: :func:`redeem` takes every step.
    """
    value, now = form.get("refresh_token"), deps.clock.now()
    if value is None or form.get("scope") or asked_resource(form) or not profile_of(client).rotation:
        raise Conflict
    shown, heir = digest(value), _succeeding(deps, value)
    with deps.work.begin() as work:
        asked = _digest(client.scopes, binding)
        named, find_grant = work.records.use_refresh_token(shown, client, heir_of(deps, heir, now), asked=asked)
        is_used = work.audit.record_about(event(client, _ACTION, None, now), named)
    grant = find_grant()
    if grant is None or not is_used():
        raise Conflict
    target, repeatable = own_target(deps, client, grant.scopes), _repeatable(shown, now)
    return issue_for(deps, client, grant, target, scopes=grant.scopes, refresh_token=heir, repeatable=repeatable)


def _refused(deps: IdpDeps, client: Client, grant: Grant | None, fault: ErrorCode, now: datetime) -> Refusal:
    with deps.work.begin() as work:
        work.audit.record(event(client, _ACTION, grant, now, fault=fault))
    return Refusal(fault)


def _issue(
    deps: IdpDeps, client: Client, value: str, family: RefreshFamily, target: Target, *, scopes: tuple[str, ...], now: datetime
) -> Issue:
    successor, repeatable = value, None
    if profile_of(client).rotation:
        successor, repeatable = _succeeding(deps, value), _repeatable(family.token.token_hash, now)
    return issue_for(deps, client, family.grant, target, scopes=scopes, refresh_token=successor, repeatable=repeatable)


def _succeeding(deps: IdpDeps, value: str) -> str:
    return encode_base64url(hmac.digest(deps.keys.secret("idp-refresh"), value.encode(), "sha256"))


def _repeatable(token_hash: bytes, now: datetime) -> Repeatable:
    return Repeatable(now, encode_base64url(token_hash[:16]))


def _asked(deps: IdpDeps, client: Client, grant: Grant, issue: Issue, binding: Binding) -> bytes:
    """Return what tells apart what may be asked for: all that a grant gives is asked for before it is known what that is."""
    asked, everything = (issue.audience, issue.scopes), own_target(deps, client, grant.scopes)
    is_everything = asked == (everything.audience, everything.scopes) and issue.id_token == ("openid" in grant.scopes)
    return _digest(client.scopes if is_everything else (*asked, issue.id_token), binding)


def _digest(asked: tuple[object, ...], binding: Binding) -> bytes:
    return hashlib.sha256(repr((asked, binding.jkt, binding.x5t)).encode()).digest()


def _use(work: IdpWork, deps: IdpDeps, family: RefreshFamily, issue: Issue, use: Use) -> None:
    """Use the token and store its successor; ``Conflict``, then or at the end, where it was used, or its grant revoked, before.

    One that stays was used if it was exchanged before its client's profile had no rotation (RFC 9700 4.14.2).
    """
    if family.token.use is not None:
        raise Conflict
    if issue.repeatable is not None and issue.refresh_token is not None:
        record = _record(deps, issue.refresh_token, family.grant, family.token.cnf, now=use.at)
        work.records.rotate_refresh_token(family.token.token_hash, record, use)


def _issue_again(deps: IdpDeps, client: Client, family: RefreshFamily, issue: Issue, use: Use) -> Issue:
    """Return what a token's first use gave where that answer may be given again; anything else is a replay and revokes the family.

    One that asks for something else than the first use did is told so within the grace: there is one set of tokens.
    """
    if issue.repeatable is None or issue.refresh_token is None:
        raise _replayed(deps, client, family, use.at)
    with deps.work.read() as work:
        used = work.records.find_refresh_token(family.token.token_hash)  # again: another request may have used it since
        heir = work.records.find_refresh_token(digest(issue.refresh_token))
    first = None if used is None else used.use
    if first is None or use.at - first.at > GRACE or heir is None or heir.use is not None:
        raise _replayed(deps, client, family, use.at)
    if first.asked != use.asked:
        raise _refused(deps, client, family.grant, REFRESH_OTHERWISE, use.at)
    with deps.work.begin() as work:
        work.audit.record(event(client, _ACTION, family.grant, use.at))
    return replace(issue, repeatable=replace(issue.repeatable, at=first.at))


def _replayed(deps: IdpDeps, client: Client, family: RefreshFamily, now: datetime) -> Refusal:
    with deps.work.begin() as work:
        work.records.revoke_grant(family.grant.id, now)
        work.audit.record(event(client, _ACTION, family.grant, now, fault=REFRESH_INVALID))
    return Refusal(REFRESH_INVALID)


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


def _find_fault(work: IdpWork, client: Client, family: RefreshFamily, binding: Binding, *, now: datetime) -> ErrorCode | None:
    found, grant = family.token, family.grant
    if not family.account_stands or found.client_id != client.client_id:
        return REFRESH_INVALID
    if found.expires_at <= now or grant.revoked_at is not None:
        return REFRESH_INVALID
    if not grant.offline:  # Back-Channel Logout 1.0, 2.7: without offline_access it ends with the session
        session = work.records.find_session(grant.session_id)
        if session is None or not is_alive(session, now):
            return REFRESH_INVALID
    return None if binding.fulfils(found.cnf) else REFRESH_KEY


def _find_scope_fault(grant: Grant, asked: tuple[str, ...]) -> ErrorCode | None:
    return None if set(asked) <= set(grant.scopes) else SCOPE_WIDER  # RFC 6749 6


def _record(deps: IdpDeps, value: str, grant: Grant, cnf: Mapping[str, str] | None, *, now: datetime) -> RefreshToken:
    return RefreshToken(digest(value), grant.id, grant.client_id, now, now + _lifetime(deps), cnf=cnf)


def heir_of(deps: IdpDeps, value: str, now: datetime) -> Heir:
    """Return what is to be stored of a refresh token that follows from what it is exchanged for."""
    return Heir(digest(value), now, now + _lifetime(deps))


def _lifetime(deps: IdpDeps) -> timedelta:
    return timedelta(seconds=deps.policies.tokens.refresh_token_seconds)
