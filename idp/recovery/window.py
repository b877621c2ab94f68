"""Recovery at a service window: somebody saw the person and their document, and gives them a code to set a password with in a day.

Left to others: the clerk's page and what they must have seen there (the console), what follows (``completing``).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from datetime import timedelta

from idp import notices
from idp.browsers.sessions import Device
from idp.errors import ACCOUNT_DISABLED, ACCOUNT_UNKNOWN
from idp.hashes import digest
from idp.owed_events import owe
from idp.people import reached, throttle
from idp.people.accounts import open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import Recovery
from idp.recovery import requests
from idp.recovery.completing import check_due, prepare, restore
from idp.recovery.errors import RECOVERY_CODE_WRONG, RECOVERY_UNSUITABLE
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.randomness import choose, token
from policies.role_models import AccountKind

_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is read as something else on paper
_LENGTH = 12


def start(
    work: IdpWork, deps: IdpDeps, account_id: str, *, actor: str, kinds: Collection[AccountKind] | None = None, new: bool = False
) -> str:
    """Begin a recovery for somebody whose document ``actor`` saw; return the code for them. An earlier one is void.

    It is for accounts of ``kinds`` (None: those that policies name). One that is ``new`` has no owner who would have to be waited for. The caller has what the owner is told delivered when the transaction is over (``notices.delivery``).
    """
    rules, now, code, recovery_id = deps.policies.assurance.recovery, deps.clock.now(), choose(_ALPHABET, _LENGTH), token(16)
    due_at = now if new else now + timedelta(seconds=rules.wait_seconds)
    expires_at = due_at + timedelta(seconds=rules.open_seconds)
    recovery = Recovery(
        id=recovery_id,
        account_id=account_id,
        step="window",
        channel=None,
        browser_hash=b"",
        token_hash=digest(token()),
        tried_as=b"",
        code_digest=requests.code_digest(deps, recovery_id, code),
        code_until=expires_at,
        created_at=now,
        expires_at=expires_at,
        due_at=due_at,
        proofs=("window",),
    )
    account = work.records.find_account(account_id)
    if account is None:
        raise Refusal(ACCOUNT_UNKNOWN)
    if account.disabled_at is not None:
        raise Refusal(ACCOUNT_DISABLED)
    if account.kind not in (rules.kinds if kinds is None else kinds):
        raise Refusal(RECOVERY_UNSUITABLE)
    work.records.cancel_recoveries(account_id)
    work.records.add_recovery(recovery)
    details = {"recovery": recovery_id}
    work.audit.record(AuditEvent(now, actor, "idp.begin_recovery", f"account:{account_id}", details=details))
    if not new:
        owe(work, account_id, "recovery-activated", now)
        notices.tell(work, deps, account_id, "recovery_waiting", now, hours=-(-rules.wait_seconds // 3600))
    return "-".join(code[start : start + 4] for start in range(0, _LENGTH, 4))


def complete(deps: IdpDeps, device: Device, *, name: str, code: str, password: str) -> None:
    """Set a new password with the code that the window gave, once its time has come."""
    now, who = deps.clock.now(), reached.read(name)
    with deps.work.read() as work:
        record = reached.find(work, deps, who)
        waiting = [] if record is None else work.records.waiting_recoveries(record.id, now)
    whose = f"nobody:{who.name}" if record is None else record.id
    attempt = throttle.take(deps, account=whose, name=who.spelling, address=device.address)
    typed = "".join(code.replace("-", "").split()).upper()
    recovery = next((one for one in waiting if one.step == "window" and _is_code(deps, one, typed)), None)
    if record is None or recovery is None or attempt.spent:
        requests.note_failure(deps, None if record is None else record.id, RECOVERY_CODE_WRONG)
        raise Refusal(RECOVERY_CODE_WRONG, field="code")
    check_due(recovery, now)
    if record.disabled_at is not None:
        raise Refusal(ACCOUNT_DISABLED)
    restore(deps, recovery, prepare(deps, open_record(deps, record), password), attempt)


def _is_code(deps: IdpDeps, recovery: Recovery, typed: str) -> bool:
    return hmac.compare_digest(recovery.code_digest, requests.code_digest(deps, recovery.id, typed))
