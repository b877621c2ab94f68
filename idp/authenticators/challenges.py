"""Challenges for passkeys: bound to a browser and to what they are for, good for a while, answered once.

A challenge carries its own proof, so nothing is stored for a page that is only looked at; what was answered is remembered until
it would be over anyhow. Left to others: what is signed with it (``passkeys``).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from idp.authenticators.errors import PASSKEY_OVER, PASSKEY_REFUSED
from idp.hashes import digest
from idp.ports import IdpDeps
from kernel.clock import from_micros, to_micros
from kernel.errors import Refusal
from kernel.randomness import random_bytes

_MOMENT = 8
_RANDOM = 16
_PROOF = 32


def make(deps: IdpDeps, *, browser: tuple[str, ...], purpose: str) -> bytes:
    """Return a new challenge: moment of its end ‖ random octets ‖ HMAC over both, browser and purpose."""
    until = deps.clock.now() + timedelta(seconds=deps.policies.tokens.login_transaction_seconds)
    head = to_micros(until).to_bytes(_MOMENT, "big") + random_bytes(_RANDOM)
    return head + _proof(deps, head, browser[0], purpose)


def verify(deps: IdpDeps, challenge: bytes, *, browser: tuple[str, ...], purpose: str) -> datetime:
    """Return when a challenge ends; ``Refusal`` when it is not one of ours for this browser and purpose, or is over."""
    head, proof = challenge[: _MOMENT + _RANDOM], challenge[_MOMENT + _RANDOM :]
    proofs = (_proof(deps, head, value, purpose) for value in browser)
    if len(proof) != _PROOF or not any(hmac.compare_digest(proof, good) for good in proofs):
        raise Refusal(PASSKEY_REFUSED)
    until = from_micros(int.from_bytes(head[:_MOMENT], "big"))
    if until <= deps.clock.now():
        raise Refusal(PASSKEY_OVER)
    return until


def consume(deps: IdpDeps, challenge: bytes, until: datetime) -> None:
    """Use a challenge up; ``Refusal`` when it was answered before."""
    with deps.work.begin() as work:
        if not work.records.take_challenge(hashlib.sha256(challenge).digest(), until):
            raise Refusal(PASSKEY_OVER)


def _proof(deps: IdpDeps, head: bytes, browser: str, purpose: str) -> bytes:
    return deps.vault.digest(f"{head.hex()} {digest(browser).hex()} {purpose}", "idp.challenge")
