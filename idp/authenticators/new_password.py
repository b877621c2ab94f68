"""Choosing a new password (SP 800-63B-4 3.1.1.2): long enough, not a common one, never changed for its age.

Left to others: who may (``changing``), what will do (``policies.assurance``), hashing (``people.passwords``).
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.authenticators import changing
from idp.browsers import sessions
from idp.browsers.sessions import Current
from idp.notices import delivery
from idp.people import new_passwords, passwords
from idp.ports import IdpDeps
from idp.records import Account, Authenticator
from kernel.randomness import token

_SECOND_FACTORS = frozenset({"totp", "passkey"})  # recovery codes are used up


def least_length(deps: IdpDeps, current: Current) -> int:
    """Return how many characters a new password must have: more where nothing stands beside it."""
    rules = deps.policies.assurance.password
    with deps.work.read() as work:
        guarded = _has_second_factor(work.records.authenticators(current.account.id))
    return rules.min_length if guarded else rules.min_length_alone


def change(deps: IdpDeps, current: Current, password: str) -> None:
    """Give the account this password. All its other sessions end: whoever knew the old one is out."""
    changing.check_fresh(deps, current)
    account_id = current.account.id
    with deps.work.read() as work:
        guarded = _has_second_factor(work.records.authenticators(account_id))
    new_passwords.check(deps, password, has_second_factor=guarded, about=about(current.account))
    secret = passwords.hash_password(password)  # outside of the transaction
    now = deps.clock.now()
    alone = new_passwords.is_long_enough_alone(deps, password)
    new = Authenticator(token(16), account_id, "password", "", secret, now, alone=alone)
    with changing.change(deps, current) as (work, authenticators):
        # A second factor may have been removed meanwhile.
        guarded = _has_second_factor(authenticators)
        new_passwords.check(deps, password, has_second_factor=guarded, about=about(current.account))
        old = next((one for one in authenticators if one.kind == "password"), None)
        if old is None:
            work.records.add_authenticator(new)
        else:
            work.records.put_password(old.id, secret, alone=alone)
        work.records.void_passed(account_id)  # what the old one had passed
        changing.note(work, deps, current, "idp.change_password", old or new, told="password_changed", now=now)
        for session in work.records.sessions(account_id):
            if session.id != current.session.id:
                sessions.end_within(work, session, actor=f"account:{account_id}", now=now)
    delivery.deliver_soon(deps, account_id)


def about(account: Account) -> tuple[str | None, ...]:
    """Return what a password must not be made of, since whoever knows the person tries it first."""
    return account.username, account.name, account.phone, account.email, account.resident_id


def _has_second_factor(authenticators: Sequence[Authenticator]) -> bool:
    return any(one.kind in _SECOND_FACTORS for one in authenticators)
