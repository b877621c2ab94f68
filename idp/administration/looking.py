"""Looking somebody up: by exactly what is known of them, for a purpose that is written down and shown to them.

What is seen is masked. Each look, and each search that found nobody, stands in the audit trail before anything is shown. Left to others: who may
look (``admin_ui``, the command line), the full data at a service window, what the person sees of it (``history``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from idp.administration.admins import Admin, check_reach, is_within
from idp.administration.errors import PURPOSE_UNKNOWN
from idp.people.accounts import normal_username, open_record
from idp.people.contact_forms import compared
from idp.ports import IdpDeps, IdpRecords, IdpWork
from idp.records import Account, AccountRecord, Verification
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.text import mask

What = Literal["username", "number", "phone", "email"]

_REFERENCE = re.compile(r"[\w\-/#.()（）\[\]〔〕 ]{0,60}")
_MOST = 20
_SEEN = ("name", "number", "phone", "email", "real_name_level")


@dataclass(frozen=True, slots=True)
class Purpose:
    """What for: a purpose of ``roles.toml``, and where that is on file."""

    code: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody as an official sees them: name, number and contacts masked."""

    account: Account
    name: str
    number: str | None
    phone: str | None
    email: str | None
    authenticators: Sequence[str]
    verifications: Sequence[Verification]


def find(deps: IdpDeps, admin: Admin, what: What, value: str, purpose: Purpose) -> Sequence[Seen]:
    """Return who has exactly this username, resident ID or credit code, phone number or e-mail address; none for nobody."""
    with deps.work.begin() as work:
        _check(deps, purpose)
        found = _FINDERS[what](deps, work.records, value.strip())
        records = [each for each in found if each is not None and is_within(admin, each)]
        if not records:
            details = {"by": what, "purpose": purpose.code, "reference": purpose.reference}
            work.audit.record(AuditEvent(deps.clock.now(), admin.actor, "idp.search_person", "accounts", details=details))
        return [_see(deps, work, admin, record, purpose) for record in records]


def look(deps: IdpDeps, admin: Admin, account_id: str, purpose: Purpose) -> Seen:
    """Return somebody by their account; ``Refusal(account_unknown)`` for whom there is not, or not within reach."""
    with deps.work.begin() as work:
        _check(deps, purpose)
        return _see(deps, work, admin, check_reach(admin, work.records.find_account(account_id)), purpose)


def _see(deps: IdpDeps, work: IdpWork, admin: Admin, record: AccountRecord, purpose: Purpose) -> Seen:
    details = {"purpose": purpose.code, "reference": purpose.reference, "seen": list(_SEEN)}
    work.audit.record(AuditEvent(deps.clock.now(), admin.actor, "idp.read_person", f"account:{record.id}", details=details))
    account = open_record(deps, record)
    number = account.resident_id or account.uscc
    return Seen(
        account=account,
        name=mask(account.name),
        number=None if number is None else mask(number, head=3, tail=2),
        phone=None if account.phone is None else mask(account.phone, head=3, tail=2),
        email=None if account.email is None else mask(account.email, head=1, tail=3),
        authenticators=[each.kind for each in work.records.authenticators(record.id)],
        verifications=work.records.verifications(record.id),
    )


def _check(deps: IdpDeps, purpose: Purpose) -> None:
    known = deps.policies.roles.purposes
    if purpose.code not in known or not _REFERENCE.fullmatch(purpose.reference):
        raise Refusal(PURPOSE_UNKNOWN, field="purpose", wanted=", ".join(known))


def _by_number(deps: IdpDeps, records: IdpRecords, value: str) -> Sequence[AccountRecord | None]:
    return records.find_number(deps.vault.index(value.upper(), "idp.holder"), limit=_MOST)


_FINDERS: dict[What, Callable[[IdpDeps, IdpRecords, str], Sequence[AccountRecord | None]]] = {
    "username": lambda _deps, records, value: [records.find_username(normal_username(value))],
    "number": _by_number,
    "phone": lambda deps, records, value: records.accounts_reached_at(
        "phone", deps.vault.index(compared("phone", value), "idp.phone")
    ),
    "email": lambda deps, records, value: records.accounts_reached_at(
        "email", deps.vault.index(compared("email", value), "idp.email")
    ),
}
