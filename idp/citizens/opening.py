"""An account for somebody who has neither telephone nor e-mail: a clerk saw person and document, and gives them a code on paper.

1. The document is the person's own, of nobody who has an account already (who has is found, and proven or recovered), and not the clerk's.
2. The account is stored as everybody's begins: with what is said of it, at level 2.
3. It gets the level of a proof at a window, with the evidence, and a code to set the first password with, good for as long as policies let it be.

Left to others: reading the document (``window``), whether another officer must agree before 3 (``administration.opening``), the password
(``recovery.window``).
"""

from __future__ import annotations

from datetime import datetime

from idp.citizens import levels, window
from idp.citizens.errors import NUMBER_KNOWN
from idp.citizens.window import Seen
from idp.people import accounts, proofing
from idp.people.accounts import SUBJECT_PREFIX, new_username, open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord
from idp.recovery import window as window_recovery
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.randomness import token


def store(work: IdpWork, deps: IdpDeps, seen: Seen, *, clerk: str, now: datetime) -> AccountRecord:
    """Store the account of whoever stands at the window with ``seen``: steps 1 and 2."""
    account = Account(
        id=SUBJECT_PREFIX + token(16),
        username=new_username(),
        kind="citizen",
        name=seen.name,
        resident_id=seen.resident_id,
        created_at=now,
        updated_at=now,
    )
    # 1. Whose.
    window.check_document(deps, seen)
    window.check_another(work, deps, clerk, account)
    _check_new(work, deps, account)
    # 2. As it begins.
    record = accounts.seal(deps, account, now)
    if not work.records.add_account(record):
        raise Refusal(NUMBER_KNOWN)
    actor = f"account:{clerk}"
    work.records.add_verification(proofing.evidence(deps, account, None, actor=actor))
    details = {"kind": account.kind, "document": seen.document}
    work.audit.record(AuditEvent(now, actor, "idp.open_account", f"account:{account.id}", details=details))
    return record


def give(work: IdpWork, deps: IdpDeps, record: AccountRecord, document: str, *, seen_by: str, actor: str) -> str:
    """Give a stored account its level, by what ``seen_by`` saw, and return the code for its owner: step 3."""
    account = open_record(deps, record)
    _check_new(work, deps, account)
    levels.raise_to(work, deps, account, levels.COUNTER, actor=seen_by, now=deps.clock.now(), document=document)
    return window_recovery.start(work, deps, record.id, actor=actor, new=True)


def _check_new(work: IdpWork, deps: IdpDeps, account: Account) -> None:
    if work.records.find_holder(deps.vault.index(account.resident_id or "", "idp.holder")) is not None:
        raise Refusal(NUMBER_KNOWN)
