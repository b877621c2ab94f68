"""Takes over people from another system, row by row: citizens and enterprises, never anybody with a role.

A person is known by their number. Who has an account already keeps it as it is, so a run that was interrupted is simply repeated. Rows
are stored in groups, each in one transaction with its evidence and audit events; nothing is kept in memory beyond a group.

Left to others: reading the file (``kernel.rows``), what an account may be (``people.accounts``), the first password (recovery),
staff (``directories``), progress and report (the command).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, Literal

from idp.administration.errors import IMPORT_HASH, IMPORT_KIND, IMPORT_NAME_DIFFERS, IMPORT_NUMBER
from idp.errors import ACCOUNT_EXISTS, ACCOUNT_UNSUITABLE
from idp.people import accounts, passwords, proofing
from idp.people.accounts import SUBJECT_PREFIX, NewAccount, normal_username
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, Authenticator
from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.rows import Columns, Row, RowFile, open_rows
from kernel.text import normal_form
from pki.vault import Index
from policies.role_models import AccountKind

COLUMNS = Columns(
    required=("name",),
    optional=(
        "row",
        "kind",
        "username",
        "resident_id",
        "uscc",
        "phone",
        "email",
        "address",
        "real_name_level",
        "proofed_by",
        "password_hash",
    ),
)
"""There is none for roles, organisations and departments: no file makes anybody an official."""

GROUP = 500
MAX_ROWS = 20_000_000
_KINDS: Mapping[str, AccountKind] = {"": "citizen", "citizen": "citizen", "enterprise": "enterprise"}
_SHOWN = 40

Outcome = Literal["imported", "acceptable", "already", "refused"]


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row; ``acceptable`` is one that would be imported."""

    row: str
    outcome: Outcome
    username: str = ""
    account: str = ""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    """A row's account, ready to be stored. ``given`` tells whether the row named the username."""

    row: Row
    account: Account
    record: AccountRecord
    method: str | None
    hash: bytes | None
    given: bool

    number: Index


def open_file(stream: BinaryIO, name: str) -> RowFile:
    """Check a file of people as a whole; ``Refusal`` when it cannot be read or has other columns."""
    return open_rows(stream, name, COLUMNS, max_rows=MAX_ROWS)


def import_file(deps: IdpDeps, file: RowFile, *, actor: str) -> Iterator[RowOutcome]:
    """Create an account for every good row of ``file`` and yield each row's outcome, in order."""
    for group in _groups(deps, file):
        ready = [one for one in group if isinstance(one, _Ready)]
        with deps.work.begin() as work:
            known = _Known.of(deps, work, ready)
            new = {
                one.number: one for one in reversed(ready) if known.find(one) is None
            }  # of two rows about one person the first
            added = _store(deps, work, list(new.values()), actor)
            missed = [one for one in ready if one.record.id not in added and known.find(one) is None]
            later = _Known.of(deps, work, missed)  # whom an earlier row, or another import, was quicker about
        for one in group:
            if isinstance(one, RowOutcome):
                yield one
            else:
                yield added.get(one.record.id) or known.find(one) or later.find(one) or _taken(one)


def examine_file(deps: IdpDeps, file: RowFile) -> Iterator[RowOutcome]:
    """Yield what :func:`import_file` would say, and change nothing. Rows of one file that contradict each other are not noticed."""
    for group in _groups(deps, file):
        with deps.work.read() as work:
            known = _Known.of(deps, work, [one for one in group if isinstance(one, _Ready)])
        for one in group:
            yield one if isinstance(one, RowOutcome) else known.find(one) or RowOutcome(one.row.label, "acceptable")


def _groups(deps: IdpDeps, file: RowFile) -> Iterator[Sequence[_Ready | RowOutcome]]:
    now, rows = deps.clock.now(), file.rows()
    while group := [_read(deps, row, now) for row in islice(rows, GROUP)]:
        yield group


def _read(deps: IdpDeps, row: Row, now: datetime) -> _Ready | RowOutcome:
    try:
        if row.fault is not None:
            raise row.fault
        return _prepare(deps, row, {name: value for name, value in row.values.items() if value.strip()}, now)
    except Refusal as refusal:
        return RowOutcome(row.label, "refused", refusal=refusal)


def _prepare(deps: IdpDeps, row: Row, values: Mapping[str, str], now: datetime) -> _Ready:
    """Return the account that a row makes; ``Refusal`` names the column at fault."""
    kind = _KINDS.get(values.get("kind", "").strip())
    if kind is None:
        raise Refusal(IMPORT_KIND, field="kind", found=values["kind"].strip()[:_SHOWN])
    number = "uscc" if kind == "enterprise" else "resident_id"
    if number not in values:
        raise Refusal(IMPORT_NUMBER, field=number, name=number)
    texts: dict[str, Any] = {
        name: normal_form(values[name]) for name in ("resident_id", "uscc", "phone", "email", "address") if name in values
    }
    new = NewAccount(
        username=normal_username(values["username"]) if "username" in values else _username(deps, texts.get(number, "")),
        kind=kind,
        name=normal_form(values.get("name", "")),
        password="",
        real_name_level=_level(values.get("real_name_level", "2")),
        proofed_by=values["proofed_by"].strip() if "proofed_by" in values else None,
        **texts,
    )
    accounts.check_person(deps, new)
    accounts.check_ending(deps, new)
    hashed = values["password_hash"].strip() if "password_hash" in values else None
    if hashed is not None and not passwords.is_acceptable_hash(hashed):
        raise Refusal(IMPORT_HASH, field="password_hash")
    account = Account(
        id=SUBJECT_PREFIX + token(16),
        username=new.username,
        kind=kind,
        name=new.name,
        real_name_level=new.real_name_level,
        created_at=now,
        updated_at=now,
        **texts,
    )
    sealed = accounts.seal(deps, account, now)
    number_index = deps.vault.index(texts[number], "idp.holder")
    return _Ready(row, account, sealed, new.proofed_by, hashed.encode() if hashed else None, "username" in values, number_index)


def _username(deps: IdpDeps, number: str) -> str:
    """Return the username of somebody who brings none: always the same one, so that two imports at once make one account.

    By a key of its own, another one after each replacement of the indexes' key: who has one of those cannot match usernames with numbers.
    """
    label = f"import-usernames-{deps.vault.index_current}"
    key: bytes | None = deps.kept.get(label)
    if key is None:
        key = deps.kept[label] = deps.keys.secret(label)
    return f"u{hmac.digest(key, number.encode(), 'sha256').hex()[:16]}"


def _level(text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or len(text.strip()) > 1:
        raise Refusal(
            ACCOUNT_UNSUITABLE,
            field="real_name_level",
            name="real_name_level",
            problem_zh="没有这个等级",
            problem_en="no such level",
        )
    return int(text)


def _store(deps: IdpDeps, work: IdpWork, ready: Sequence[_Ready], actor: str) -> Mapping[str, RowOutcome]:
    """Store the accounts whose number and username are free, each with its evidence; return those by identifier."""
    if not ready:
        return {}
    added = work.records.add_accounts([one.record for one in ready])
    new = [one for one in ready if one.record.id in added]
    now = deps.clock.now()
    work.records.add_verifications([proofing.evidence(deps, one.account, one.method, actor=actor) for one in new])
    work.records.add_authenticators(
        [
            Authenticator(token(16), one.record.id, "password", "", one.hash, now)  # how long the password is nobody knows
            for one in new
            if one.hash is not None
        ]
    )
    for one in new:
        work.audit.record(_event(one, actor, now))
    return {one.record.id: RowOutcome(one.row.label, "imported", one.record.username, one.record.id) for one in new}


def _event(one: _Ready, actor: str, now: datetime) -> AuditEvent:
    details = {"kind": one.account.kind, "imported": True, "authenticators": ["password"] if one.hash else []}
    return AuditEvent(now, actor, "idp.create_account", f"account:{one.record.id}", details=details)


@dataclass(frozen=True, slots=True)
class _Known:
    """Accounts that a group's rows meet, each with its name in clear: by their number, and their usernames."""

    numbers: Mapping[bytes, Sequence[tuple[AccountRecord, str]]]
    usernames: Collection[str]

    @classmethod
    def of(cls, deps: IdpDeps, work: IdpWork, ready: Sequence[_Ready]) -> _Known:
        numbers: dict[bytes, list[tuple[AccountRecord, str]]] = {}
        found = work.records.accounts_like((one.number, one.record.username) for one in ready)
        for record in found:
            if record.number_index is not None:
                numbers.setdefault(record.number_index, []).append((record, accounts.open_record(deps, record).name))
        return cls(numbers, frozenset(record.username for record in found))

    def find(self, one: _Ready) -> RowOutcome | None:
        """Return what becomes of a row because of who is here already; None for nobody who matters.

        What somebody under another name only said themselves keeps nobody out.
        """
        same = [found for number in one.number.both for found in self.numbers.get(number, ())]
        for record, name in same:
            if name == one.account.name:
                return RowOutcome(one.row.label, "already", record.username, record.id)
        if any(record.holder_index is not None for record, _ in same):
            return RowOutcome(one.row.label, "refused", refusal=Refusal(IMPORT_NAME_DIFFERS, field="name"))
        return _taken(one) if one.record.username in self.usernames else None


def _taken(one: _Ready) -> RowOutcome:
    refusal = Refusal(ACCOUNT_EXISTS, field="username") if one.given else Refusal(IMPORT_NAME_DIFFERS, field="name")
    return RowOutcome(one.row.label, "refused", refusal=refusal)
