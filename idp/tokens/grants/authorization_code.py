"""The authorization code grant (RFC 6749 4.1.3): a code is good once, and shown twice it revokes all that it gave (RFC 9700 2.1.1)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from idp.clients.resources import Target, own_target
from idp.hashes import digest
from idp.oauth_errors import CODE_INVALID, CODE_REDIRECT_URI, CODE_VERIFIER, CODE_VERIFIER_UNEXPECTED
from idp.ports import IdpDeps, IdpWork
from idp.records import Client, Code, Grant
from idp.tokens.binding import Binding
from idp.tokens.errors import CODE_KEY
from idp.tokens.grants.events import event
from idp.tokens.grants.refresh import heir_of, new_refresh_token
from idp.tokens.grants.resource import asked_resource, find_granted_target
from idp.tokens.issue import Issue, issue_for
from idp.wire import Parameters
from kernel.errors import ErrorCode, Refusal
from kernel.randomness import token
from kernel.work import Conflict
from pki.strict_json import encode_base64url

_ACTION = "idp.redeem_code"


def redeem(deps: IdpDeps, client: Client, form: Parameters, binding: Binding) -> Issue:
    """Exchange an authorization code. ``Refusal`` when it is worth nothing; whatever was wrong, it is used up."""
    code_hash, asked = digest(form.require("code")), asked_resource(form)
    now = deps.clock.now()
    # 1. Consume; whatever is wrong with the rest, this code is used up.
    # 2. Check what it was bound to.
    # 3. Issue. A refusal must not undo 1, so it is raised after the transaction.
    with deps.work.begin() as work:
        redeemed = work.records.redeem_code(code_hash, now)
        outcome: Target | ErrorCode = CODE_INVALID
        grant: Grant | None = None
        if redeemed is None:
            _punish_replay(work, client, code_hash, now)
        else:
            code, grant = redeemed
            fault = _find_fault(client, code, grant, form, binding, now=now)
            outcome = fault or find_granted_target(work, deps, client, grant, grant.scopes, asked=asked)
            if isinstance(outcome, Target):
                work.audit.record(event(client, _ACTION, grant, now))
                refresh_token = new_refresh_token(work, deps, client, grant, binding, now=now)
                return issue_for(deps, client, grant, outcome, scopes=grant.scopes, refresh_token=refresh_token, nonce=code.nonce)
        fault = CODE_INVALID if isinstance(outcome, Target) else outcome
        work.audit.record(event(client, _ACTION, grant, now, fault=fault))
    raise Refusal(fault)


def redeem_at_once(deps: IdpDeps, client: Client, form: Parameters, _binding: Binding) -> Issue:
    """Exchange a code of a client as it is remembered, for tokens at our own endpoints, without waiting in between.

    ``Conflict``, and nothing is done, where anything is otherwise, or amiss: :func:`redeem` takes every step.
    """
    code, uri, verifier, now = form.get("code"), form.get("redirect_uri"), form.get("code_verifier"), deps.clock.now()
    if code is None or uri is None or verifier is None or asked_resource(form):
        raise Conflict
    refresh_token = token() if "refresh_token" in client.grant_types else None
    heir, challenge = None if refresh_token is None else heir_of(deps, refresh_token, now), _challenge(verifier)
    with deps.work.begin() as work:
        named, find = work.records.use_code(digest(code), client, heir, redirect_uri=uri, code_challenge=challenge, at=now)
        is_used = work.audit.record_about(event(client, _ACTION, None, now), named)
    found = find()
    if found is None or not is_used():
        raise Conflict
    grant, nonce = found
    target = own_target(deps, client, grant.scopes)
    return issue_for(deps, client, grant, target, scopes=grant.scopes, refresh_token=refresh_token, nonce=nonce)


def _find_fault(
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


def _challenge(verifier: str) -> str:
    digested = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    return encode_base64url(digested)  # RFC 7636 4.6
