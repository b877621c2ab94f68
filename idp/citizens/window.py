"""The service window: a clerk sees somebody and their document, finds the account, and says what was seen.

1. The account is found by the whole number or by the code that the citizen shows, for a stated purpose; each account that comes up is
   audited, and its owner told. What the clerk sees of it is masked.
2. What was found is bound to this clerk and purpose for some minutes: nobody acts on an account that they did not look for so.
3. The clerk types name and number from the document that lies before them; both are compared here, not by eye, with the account as it is
   when its turn has come.
4. A proof raises the level (``levels``); a recovery gives a code to set a new password with (``recovery.window``).

Nobody proves themselves. Left to others: who is a clerk and how fresh their login is (the console).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from idp import notices
from idp.citizens import codes, declared, levels
from idp.citizens.errors import (
    DOCUMENT_DIFFERS,
    DOCUMENT_UNSUITABLE,
    PERSON_NOT_FOUND,
    PURPOSE_NEEDED,
    SELF_PROOF,
    WINDOW_OVER,
)
from idp.notices import delivery
from idp.people.accounts import open_record
from idp.ports import IdpDeps, IdpWork
from idp.records import PROVEN, Account, AccountRecord
from idp.recovery import window as window_recovery
from kernel.audit import AuditEvent
from kernel.canonical import Json, canonical
from kernel.clock import from_micros, to_micros
from kernel.errors import Misuse, Refusal, Text
from kernel.text import mask

PURPOSES: Mapping[str, Text] = {
    "prove": Text("提升实名等级", "raise the real-name level"),
    "correct": Text("更正姓名", "correct the name"),
    "recover": Text("找回账号", "recover the account"),
}
DOCUMENTS: Mapping[str, Text] = {
    "idcard": Text("居民身份证", "resident identity card"),
    "temporary_idcard": Text("临时居民身份证", "temporary resident identity card"),
    "residence_permit": Text("港澳台居民居住证", "residence permit of Hong Kong, Macao and Taiwan residents"),
    "permanent_residence": Text("外国人永久居留身份证", "foreign permanent resident ID card"),
}
"""Documents with a photograph and an 18-character number."""

_MOST = 10
_GOOD_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Found:
    """An account as the clerk sees it. ``ticket`` lets this clerk act on it for the stated purpose."""

    ticket: str = field(repr=False)
    username: str
    name: str
    number: str
    level: int
    contacts: tuple[str, ...]
    created_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the clerk read in the document. ``valid_until`` None: it has no end."""

    document: str
    name: str = field(repr=False)
    resident_id: str = field(repr=False)
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Slip:
    """What is written down for whoever comes to recover their account: both are needed, and who lost all may have forgotten the first."""

    username: str
    code: str = field(repr=False)


def find(deps: IdpDeps, *, clerk: str, typed: str, purpose: str) -> Sequence[Found]:
    """Return the accounts of a whole number, or the one whose code was typed; ``Refusal`` when there is none."""
    if purpose not in PURPOSES:
        raise Refusal(PURPOSE_NEEDED, field="purpose")
    now = deps.clock.now()
    with deps.work.begin() as work:
        by, records = _look(work, deps, typed)
        details: dict[str, Json] = {"purpose": purpose, "by": by}
        for record in records:
            work.audit.record(AuditEvent(now, f"account:{clerk}", "idp.find_person", f"account:{record.id}", details=details))
            named = PURPOSES[purpose]
            notices.tell(work, deps, record.id, "looked_up", now, purpose_zh=named.zh, purpose_en=named.en)
        if not records:
            unknown = AuditEvent(
                now, f"account:{clerk}", "idp.find_person", "account:unknown", outcome="refused", details=details
            )
            work.audit.record(unknown)
    if not records:
        raise Refusal(PERSON_NOT_FOUND, field="person")
    return [_masked(deps, record, clerk, purpose, now) for record in records]


def prove(deps: IdpDeps, *, clerk: str, ticket: str, seen: Seen) -> Account:
    """Give the account the level of a proof at a window, with the name and number of the document; ``Refusal`` says what is amiss."""
    # 2. For this clerk and purpose.
    account_id, purpose = _open(deps, clerk, ticket, {"prove", "correct"})
    now = deps.clock.now()
    with deps.work.begin() as work:
        # 3. Compared.
        proven = _compare(deps, _take_turn(work, deps, account_id), seen, may_correct=purpose == "correct")
        check_another(work, deps, clerk, proven)
        # 4. What follows.
        risen = levels.raise_to(work, deps, proven, levels.COUNTER, actor=f"account:{clerk}", now=now, document=seen.document)
        work.records.end_window_code(account_id)
    return risen


def recover(deps: IdpDeps, *, clerk: str, ticket: str, seen: Seen) -> Slip:
    """Begin a recovery of the account for whoever the document is of; return what they are given."""
    # 2. For this clerk and purpose.
    account_id, _ = _open(deps, clerk, ticket, {"recover"})
    with deps.work.begin() as work:
        # 3. Compared.
        account = _take_turn(work, deps, account_id)
        proven = _compare(deps, account, seen, may_correct=False)
        if (proven.name, proven.resident_id) != (account.name, account.resident_id):
            raise Refusal(DOCUMENT_DIFFERS, field="name")
        check_another(work, deps, clerk, proven)
        # 4. What follows.
        code = window_recovery.start(work, deps, account_id, actor=f"account:{clerk}")
    delivery.deliver_soon(deps, account_id)
    return Slip(account.username, code)


def read(deps: IdpDeps, *, document: str, name: str, resident_id: str, valid_until: str) -> Seen:
    """Return what the clerk typed of the document in one form; ``Refusal`` names the field."""
    today = deps.clock.now().date()
    if document not in DOCUMENTS:
        raise Refusal(DOCUMENT_UNSUITABLE, field="document")
    try:
        until = date.fromisoformat(valid_until) if valid_until else None
    except ValueError:
        raise Refusal(DOCUMENT_UNSUITABLE, field="valid_until") from None
    if until is not None and until < today:
        raise Refusal(DOCUMENT_UNSUITABLE, field="valid_until")
    return Seen(document, declared.read_name(name), declared.read_number(resident_id, today), until)


def _look(work: IdpWork, deps: IdpDeps, typed: str) -> tuple[str, Sequence[AccountRecord]]:
    try:
        number = declared.read_number(typed, deps.clock.now().date())
    except Refusal:
        found = codes.find(work, deps, typed)
        return "code", [] if found is None or found.kind != "citizen" else [found]
    records = work.records.find_number(deps.vault.index(number, "idp.holder"), limit=_MOST)
    return "number", [record for record in records if record.kind == "citizen"]


def _take_turn(work: IdpWork, deps: IdpDeps, account_id: str) -> Account:
    work.records.lock_account(account_id)
    record = work.records.find_account(account_id)
    if record is None:
        raise Refusal(WINDOW_OVER)
    return open_record(deps, record)


def _compare(deps: IdpDeps, account: Account, seen: Seen, *, may_correct: bool) -> Account:
    """Return the account with what the document says; what is proven already is not changed by the way."""
    check_document(deps, seen)
    is_proven = account.real_name_level >= PROVEN
    if is_proven and seen.resident_id != account.resident_id:
        raise Refusal(DOCUMENT_DIFFERS, field="resident_id")
    if is_proven and seen.name != account.name and not may_correct:
        raise Refusal(DOCUMENT_DIFFERS, field="name")
    return replace(account, name=seen.name, resident_id=seen.resident_id)


def check_document(deps: IdpDeps, seen: Seen) -> None:
    """Refuse a document of another kind, or one that is over."""
    if seen.document not in DOCUMENTS or (seen.valid_until is not None and seen.valid_until < deps.clock.now().date()):
        raise Refusal(DOCUMENT_UNSUITABLE, field="document")


def check_another(work: IdpWork, deps: IdpDeps, clerk: str, proven: Account) -> None:
    """Refuse what a clerk would do for themselves, under whichever account of theirs."""
    record = work.records.find_account(clerk)
    own = None if record is None else open_record(deps, record)
    if own is None or own.id == proven.id or own.resident_id == proven.resident_id:
        raise Refusal(SELF_PROOF)


def _masked(deps: IdpDeps, record: AccountRecord, clerk: str, purpose: str, now: datetime) -> Found:
    account = open_record(deps, record)
    values: dict[str, Json] = {"account": record.id, "purpose": purpose, "until": to_micros(now + _GOOD_FOR)}
    sealed = deps.vault.encrypt(canonical(values).decode(), _context(clerk))
    contacts = tuple(mask(one, head=3, tail=2) for one in (account.phone, account.email) if one is not None)
    return Found(
        ticket=base64.urlsafe_b64encode(sealed).decode(),
        username=mask(account.username, head=2, tail=2),
        name=mask(account.name),
        number=mask(account.resident_id or "", head=3, tail=2),
        level=account.real_name_level,
        contacts=contacts,
        created_at=account.created_at,
        disabled_at=account.disabled_at,
    )


def _open(deps: IdpDeps, clerk: str, ticket: str, purposes: set[str]) -> tuple[str, str]:
    try:
        octets = base64.urlsafe_b64decode(ticket.encode("ascii"))
        values = json.loads(deps.vault.decrypt(octets, _context(clerk)))
    except (binascii.Error, ValueError, IndexError, Misuse):
        raise Refusal(WINDOW_OVER) from None
    if from_micros(values["until"]) <= deps.clock.now() or values["purpose"] not in purposes:
        raise Refusal(WINDOW_OVER)
    return values["account"], values["purpose"]


def _context(clerk: str) -> str:
    return f"idp.window:{clerk}"
