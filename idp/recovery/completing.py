"""The end of a recovery: what its owner logged in with before is void, all that was open is ended, and a new password counts.

The account, its licences and who it is to departments (``sub``) stay. Left to others: the steps before (``requests``, ``proofs``,
``window``), enrolling more than a password (``authenticators``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp import notices
from idp.authenticators import sent_codes
from idp.authenticators.errors import SENT_CODE_WRONG
from idp.authenticators.new_password import about
from idp.authenticators.reach import SECOND_FACTORS
from idp.authorize.transactions import Visit
from idp.browsers.sessions import Device
from idp.notices import delivery
from idp.people import new_passwords, passwords, reached, throttle
from idp.ports import IdpDeps
from idp.records import Account, Authenticator, Recovery
from idp.recovery import requests
from idp.recovery.errors import RECOVERY_EARLY, RECOVERY_OVER
from idp.recovery.requests import Ticket, get_account
from kernel.errors import Refusal
from kernel.randomness import token
from policies import assurance


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that will do, hashed."""

    account: Account
    secret: bytes = field(repr=False)


def send_code(deps: IdpDeps, cookie: str, visit: Visit, device: Device) -> Ticket:
    """Send the code that the new password is set with, once the time has come: step 4."""
    recovery = requests.verify(deps, cookie, visit, "waiting")
    now = deps.clock.now()
    check_due(recovery, now)
    account = get_account(deps, recovery)
    channel = recovery.channel
    destination = None if channel is None else requests.reached_at(deps, account, channel)
    if channel is None or destination is None:
        raise Refusal(RECOVERY_OVER)
    code, until = sent_codes.new(), now + timedelta(seconds=deps.policies.assurance.sent_codes.seconds)
    with deps.work.begin() as work:
        sent_codes.count_own(work, deps, account=account.id, destination=destination, address=device.address, now=now)
        ticket = requests.move(work, recovery, code_digest=requests.code_digest(deps, recovery.id, code), code_until=until)
    requests.send(deps, channel, destination, code)
    return ticket


def complete(deps: IdpDeps, cookie: str, visit: Visit, device: Device, *, code: str, password: str) -> None:
    """Set the new password with the code that was sent last: step 4."""
    recovery = requests.verify(deps, cookie, visit, "waiting")
    check_due(recovery, deps.clock.now())
    attempt = requests.take_try(deps, recovery, device)
    if not requests.is_code(deps, recovery, code):
        requests.note_failure(deps, recovery.account_id, SENT_CODE_WRONG)
        raise Refusal(SENT_CODE_WRONG, field="code")
    restore(deps, recovery, prepare(deps, get_account(deps, recovery), password), attempt)


def prepare(deps: IdpDeps, account: Account, password: str) -> NewPassword:
    """Return a password that may be an account's only authenticator, hashed outside of any transaction."""
    new_passwords.check(deps, password, has_second_factor=False, about=about(account))
    return NewPassword(account, passwords.hash_password(password))


def restore(deps: IdpDeps, recovery: Recovery, new: NewPassword, attempt: throttle.Try) -> None:
    """Give the account its new password in place of everything, in one transaction.

    An official keeps the second factor: of what two admins let be replaced (``administration.resetting``) the code is the one half.
    """
    official = assurance.needs_second_factor(deps.policies.assurance, new.account.kind)
    now, account_id = deps.clock.now(), new.account.id
    password = Authenticator(token(16), account_id, "password", "", new.secret, now, alone=True)
    with deps.work.begin() as work:
        work.records.lock_account(account_id)
        requests.move(work, recovery, step="done")
        work.records.cancel_recoveries(account_id)
        for one in work.records.authenticators(account_id):
            if not (official and one.kind in SECOND_FACTORS):
                work.records.remove_authenticator(one.id)
        work.records.add_authenticator(password)
        # In the order in which a login takes them (names, account, sessions), so that neither waits for the other's rows.
        throttle.forget_names(work, deps, reached.names(new.account))
        attempt.forget(work)
        ended = work.records.end_sessions(account_id, now)
        notices.tell(work, deps, account_id, "password_reset" if official else "recovered", now)
        requests.note(work, deps, recovery, "idp.complete_recovery", proofs=list(recovery.proofs), sessions=ended)
    delivery.deliver_soon(deps, account_id)


def check_due(recovery: Recovery, now: datetime) -> None:
    """Refuse before a recovery's time has come."""
    if recovery.due_at is None:
        raise Refusal(RECOVERY_OVER)
    if now < recovery.due_at:
        raise Refusal(RECOVERY_EARLY, hours=math.ceil((recovery.due_at - now) / timedelta(hours=1)))
