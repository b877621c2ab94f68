"""Logging in by a passkey: instead of name and password, or after them where more is asked for.

1. The answer is read, and the try counted against that passkey and the address before anything costly is done.
2. It is verified, and its challenge used up.
3. Its count of signatures moves on; where it does not, its owner is told and nobody is let in.
4. The session is started, as after every login.

Left to others: what makes an answer right (``authenticators.passkeys``), pages and cookies (``views``).
"""

from __future__ import annotations

from idp.authenticators import passkeys, stored_passkey, switches
from idp.authenticators.errors import PASSKEY_CLONED
from idp.authorize.transactions import Visit, ending, verify_transaction
from idp.browsers.sessions import Device
from idp.errors import ACCOUNT_DISABLED
from idp.interaction.login import NOBODY, LoggedIn, enter, note_failure
from idp.people import throttle
from idp.ports import IdpDeps
from kernel.errors import Refusal


def submit(deps: IdpDeps, *, transaction_id: str | None, visit: Visit, device: Device, text: str) -> LoggedIn:
    """Take a passkey's answer; ``transaction_id`` None is a login without a client. ``Refusal`` says what is wrong."""
    transaction = None if transaction_id is None else verify_transaction(deps, transaction_id, visit.browser)
    switches.check_kind(deps, "passkey")
    # 1. Which passkey it claims to be.
    answer = passkeys.read_answer(text)
    tried = f"passkey:{stored_passkey.lookup(answer.credential_id).hex()}"
    attempt = throttle.take(deps, account=tried, address=device.address)
    # 2. Is it?
    try:
        verified = passkeys.verify(deps, visit.browser, transaction_id, answer)
    except Refusal as refusal:
        note_failure(deps, NOBODY, refusal.error)
        raise
    with deps.work.look() as work:
        account = work.records.find_account(verified.authenticator.account_id)
    if account is None or account.disabled_at is not None:
        note_failure(deps, verified.authenticator.account_id, ACCOUNT_DISABLED)
        raise Refusal(ACCOUNT_DISABLED)
    try:
        with ending(deps.work.begin()) as work:
            attempt.forget(work)
            # 3. Has it signed since?
            passkeys.use(work, deps, verified)
            # 4. In.
            methods = verified.passkey.methods
            return enter(work, deps, account, methods, transaction=transaction, visit=visit, device=device)
    except Refusal as refusal:
        if refusal.error is PASSKEY_CLONED:
            passkeys.tell_of_copy(deps, verified)
        note_failure(deps, account.id, refusal.error)
        raise
