"""A recovery on its way: begun by anybody for any name, told apart from nobody's by nothing that a stranger sees.

1. A name is given and a channel chosen. Whoever has it there is sent a code; for everybody else a like record is stored.
2. The code is typed (``proofs.prove_contact``).
3. A second proof is given (``proofs``). Now it waits, and every channel of the account is told.
4. Its time has come: a new code is sent, and with it a new password set (``completing``).

Each step is proven by a token of its own, which only the browser has that went through the one before; moving on is one conditional
statement. Left to others: the cookie that carries the token and the pages (``views``), cancelling (``notices.not_me``, ``cancelling``).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from idp.authenticators import sent_codes
from idp.authenticators.errors import CHANNEL_MISSING
from idp.authorize.transactions import Visit
from idp.browsers.sessions import Device
from idp.errors import ACCOUNT_DISABLED
from idp.hashes import digest
from idp.people import reached, throttle
from idp.people.accounts import normal_username, open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, Channel, Recovery, RecoveryStep
from idp.recovery.errors import RECOVERY_OVER
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import ErrorCode, Refusal
from kernel.randomness import token
from kernel.text import normal_form

NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A recovery and what its browser proves the next step by."""

    recovery: Recovery
    cookie: str = field(repr=False)


def begin(deps: IdpDeps, visit: Visit, device: Device, *, name: str, channel: Channel) -> Ticket:
    """Begin with a username, resident ID or credit code: step 1. The answer is the same whoever that is."""
    if channel not in deps.messengers:
        raise Refusal(CHANNEL_MISSING)
    account = _find(deps, name)
    destination = None if account is None else reached_at(deps, account, channel)
    tried_as = normal_username(name) if account is None else account.id
    now, code, recovery_id, value = deps.clock.now(), sent_codes.new(), token(16), token()
    recovery = Recovery(
        id=recovery_id,
        account_id=None if account is None or destination is None else account.id,
        step="code",
        channel=channel,
        browser_hash=digest(visit.browser[0]),
        token_hash=digest(value),
        tried_as=deps.vault.encrypt(tried_as, _context(recovery_id)),
        code_digest=code_digest(deps, recovery_id, code),
        code_until=now + timedelta(seconds=deps.policies.assurance.sent_codes.seconds),
        created_at=now,
        expires_at=now + timedelta(seconds=deps.policies.tokens.login_transaction_seconds),
    )
    with deps.work.begin() as work:
        # By the name that was typed: under which other names the same person is known, nobody learns by asking.
        asked = f"recovery:{normal_username(name)}"
        may = sent_codes.count(work, deps, account=asked, destination=destination or asked, address=device.address, now=now)
        work.records.add_recovery(recovery)
        note(work, deps, recovery, "idp.begin_recovery", channel=channel)
    send(deps, channel, destination if may else None, code)
    return Ticket(recovery, f"{recovery_id}.{value}")


def verify(deps: IdpDeps, cookie: str, visit: Visit, *steps: RecoveryStep) -> Recovery:
    """Return the recovery that this browser has brought to one of ``steps``; ``Refusal(recovery_over)`` otherwise."""
    recovery_id, _, value = cookie.partition(".")
    with deps.work.read() as work:
        recovery = work.records.find_recovery(recovery_id)
    if recovery is None or recovery.step not in steps or recovery.expires_at <= deps.clock.now():
        raise Refusal(RECOVERY_OVER)
    here = any(hmac.compare_digest(recovery.browser_hash, digest(one)) for one in visit.browser)
    if not here or not hmac.compare_digest(recovery.token_hash, digest(value)):
        raise Refusal(RECOVERY_OVER)
    return recovery


def move(work: IdpWork, recovery: Recovery, **changes: Any) -> Ticket:
    """Bring a recovery on by ``changes`` under a new token; ``Refusal(recovery_over)`` when somebody else did."""
    value = token()
    after = replace(recovery, token_hash=digest(value), **changes)
    if not work.records.move_recovery(recovery, after):
        raise Refusal(RECOVERY_OVER)
    return Ticket(after, f"{after.id}.{value}")


def take_try(deps: IdpDeps, recovery: Recovery, device: Device) -> throttle.Try:
    """Count a try with all others of the same account, or of the same name that nobody has."""
    tried_as = deps.vault.decrypt(recovery.tried_as, _context(recovery.id))
    return throttle.take(deps, account=tried_as, address=device.address)


def is_code(deps: IdpDeps, recovery: Recovery, typed: str) -> bool:
    """Tell whether this is the code that was sent last, in its time, to somebody."""
    same = hmac.compare_digest(recovery.code_digest, code_digest(deps, recovery.id, sent_codes.read(typed)))
    return same and recovery.account_id is not None and deps.clock.now() < recovery.code_until


def code_digest(deps: IdpDeps, recovery_id: str, code: str) -> bytes:
    """Return what a recovery's code is stored as."""
    return deps.vault.digest(code, f"idp.recovery-code:{recovery_id}")


def send(deps: IdpDeps, channel: Channel, destination: str | None, code: str) -> None:
    """Have a code carried there beside this request, which takes no longer for somebody than for nobody."""
    if destination is not None:
        deps.soon(lambda: deps.messengers[channel].send(destination, sent_codes.SUBJECT, sent_codes.text(deps, code)))


def reached_at(deps: IdpDeps, account: Account, channel: Channel) -> str | None:
    """Return where a code for an account goes; None for one that cannot be recovered so."""
    if account.disabled_at is not None or account.kind not in deps.policies.assurance.recovery.kinds:
        return None
    address = account.email if channel == "email" else account.phone
    return address if channel in account.confirmed else None


def get_account(deps: IdpDeps, recovery: Recovery) -> Account:
    """Return whose recovery it is; ``Refusal`` when the account was disabled or closed meanwhile."""
    with deps.work.read() as work:
        record = work.records.find_account(recovery.account_id or "")
    if record is None or record.disabled_at is not None:
        raise Refusal(ACCOUNT_DISABLED)
    return open_record(deps, record)


def note(work: IdpWork, deps: IdpDeps, recovery: Recovery, action: str, **details: Json) -> None:
    """Write the audit event of a step."""
    target = f"account:{recovery.account_id or NOBODY}"
    about: dict[str, Json] = {"recovery": recovery.id, **details}
    work.audit.record(AuditEvent(deps.clock.now(), "system", action, target, details=about))


def note_failure(deps: IdpDeps, account_id: str | None, error: ErrorCode) -> None:
    """Write down a proof that failed."""
    target = f"account:{account_id or NOBODY}"
    event = AuditEvent(deps.clock.now(), "system", "idp.recover", target, outcome="refused", details={"code": error.code})
    with deps.work.begin() as work:
        work.audit.record(event)


def _find(deps: IdpDeps, name: str) -> Account | None:
    number = deps.vault.index(normal_form(name).upper(), "idp.holder")
    with deps.work.read() as work:
        by_name, by_number = reached.find(work, deps, reached.read(name)), work.records.find_holder(number)
    record = by_name or by_number
    return None if record is None else open_record(deps, record)


def _context(recovery_id: str) -> str:
    return f"idp.recovery:{recovery_id}"
