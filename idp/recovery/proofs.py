"""The two proofs: the code that was sent to a confirmed contact, and something else that its owner has or is known by.

The second one is a recovery code, a one-time code, a passkey, or name and number as the population register has them. After it the
recovery waits, and every channel is told: steps 2 and 3 of ``requests``.

Left to others: what makes each of them right (``authenticators``, the register).
"""

from __future__ import annotations

from datetime import timedelta

from idp import notices
from idp.authenticators import passkeys, second_factors, switches
from idp.authenticators import recovery as recovery_codes
from idp.authenticators.errors import SENT_CODE_WRONG
from idp.authenticators.reach import SECOND_FACTORS
from idp.authorize.transactions import Visit
from idp.browsers.sessions import Device
from idp.notices import delivery
from idp.owed_events import owe
from idp.ports import IdpDeps, IdpWork
from idp.records import Recovery
from idp.recovery import requests
from idp.recovery.errors import RECOVERY_PROOF_WRONG
from idp.recovery.requests import Ticket, get_account
from kernel.errors import Refusal
from kernel.text import normal_form


def prove_contact(deps: IdpDeps, cookie: str, visit: Visit, device: Device, code: str) -> Ticket:
    """Take the code that was sent: step 2."""
    recovery = requests.verify(deps, cookie, visit, "code")
    try:
        attempt = requests.take_try(deps, recovery, device)
    except Refusal as refusal:  # a right code too: whose tries these are, of whomever else's name, a stranger does not learn
        raise Refusal(SENT_CODE_WRONG, field="code") from refusal
    if not requests.is_code(deps, recovery, code):
        requests.note_failure(deps, recovery.account_id, SENT_CODE_WRONG)
        raise Refusal(SENT_CODE_WRONG, field="code")
    expires_at = deps.clock.now() + timedelta(seconds=deps.policies.tokens.login_transaction_seconds)
    with deps.work.begin() as work:
        attempt.give_back(work)
        return requests.move(
            work, recovery, step="proof", proofs=(recovery.channel,), code_until=deps.clock.now(), expires_at=expires_at
        )


def prove_by_code(deps: IdpDeps, cookie: str, visit: Visit, device: Device, code: str) -> Ticket:
    """Take a recovery code or a one-time code as the second proof, which uses it up: step 3."""
    recovery = requests.verify(deps, cookie, visit, "proof")
    attempt = requests.take_try(deps, recovery, device)
    with deps.work.read() as work:
        authenticators = work.records.authenticators(recovery.account_id or "")
    authenticators = switches.usable(deps, [one for one in authenticators if one.kind in SECOND_FACTORS])
    try:
        second_factors.accept(deps, authenticators, code)
    except Refusal as refusal:
        requests.note_failure(deps, recovery.account_id, refusal.error)
        raise Refusal(RECOVERY_PROOF_WRONG, field="code") from refusal
    with deps.work.begin() as work:
        attempt.give_back(work)
        ticket = _wait(work, deps, recovery, "recovery" if recovery_codes.is_like_one(code) else "totp")
    return _tell_now(deps, ticket)


def passkey_options(deps: IdpDeps, recovery: Recovery, visit: Visit) -> str:
    """Return what the browser is given to ask for a passkey."""
    return passkeys.request_options(deps, visit.browser, _purpose(recovery))


def prove_by_passkey(deps: IdpDeps, cookie: str, visit: Visit, device: Device, text: str) -> Ticket:
    """Take a passkey of that account as the second proof: step 3."""
    recovery = requests.verify(deps, cookie, visit, "proof")
    switches.check_kind(deps, "passkey")
    attempt = requests.take_try(deps, recovery, device)
    try:
        verified = _verify_passkey(deps, recovery, visit, text)
        with deps.work.begin() as work:
            attempt.give_back(work)
            passkeys.use(work, deps, verified)
            ticket = _wait(work, deps, recovery, "passkey")
    except Refusal as refusal:
        requests.note_failure(deps, recovery.account_id, refusal.error)
        raise
    return _tell_now(deps, ticket)


def prove_by_register(deps: IdpDeps, cookie: str, visit: Visit, device: Device, *, name: str, resident_id: str) -> Ticket:
    """Take name and resident ID, if they are the account's and the population register's, as the second proof: step 3."""
    recovery = requests.verify(deps, cookie, visit, "proof")
    register = deps.registers.population
    if register is None:
        raise Refusal(RECOVERY_PROOF_WRONG)
    attempt = requests.take_try(deps, recovery, device)
    account = get_account(deps, recovery)
    typed = normal_form(name), normal_form(resident_id).upper()
    try:
        matched = typed == (account.name, account.resident_id) and register.match(*typed) == "matched"
    except Refusal:  # it is away, which is nobody's failed try
        with deps.work.begin() as work:
            attempt.give_back(work)
        raise
    if not matched:
        requests.note_failure(deps, recovery.account_id, RECOVERY_PROOF_WRONG)
        raise Refusal(RECOVERY_PROOF_WRONG, field="resident_id")
    with deps.work.begin() as work:
        attempt.give_back(work)
        ticket = _wait(work, deps, recovery, "register")
    return _tell_now(deps, ticket)


def _verify_passkey(deps: IdpDeps, recovery: Recovery, visit: Visit, text: str) -> passkeys.Verified:
    verified = passkeys.verify(deps, visit.browser, _purpose(recovery), passkeys.read_answer(text))
    if verified.authenticator.account_id != recovery.account_id:
        raise Refusal(RECOVERY_PROOF_WRONG)
    return verified


def _wait(work: IdpWork, deps: IdpDeps, recovery: Recovery, proof: str) -> Ticket:
    rules, now = deps.policies.assurance.recovery, deps.clock.now()
    due_at = now + timedelta(seconds=rules.wait_seconds)
    proofs = (*recovery.proofs, proof)
    ticket = requests.move(
        work, recovery, step="waiting", proofs=proofs, due_at=due_at, expires_at=due_at + timedelta(seconds=rules.open_seconds)
    )
    requests.note(work, deps, recovery, "idp.prove_recovery", proofs=list(proofs))
    owe(work, recovery.account_id or "", "recovery-activated", now)
    notices.tell(work, deps, recovery.account_id or "", "recovery_waiting", now, hours=-(-rules.wait_seconds // 3600))
    return ticket


def _tell_now(deps: IdpDeps, ticket: Ticket) -> Ticket:
    delivery.deliver_soon(deps, ticket.recovery.account_id or "")
    return ticket


def _purpose(recovery: Recovery) -> str:
    return f"recovery:{recovery.id}"
