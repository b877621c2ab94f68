"""What a directory says of somebody, taken over: the account made, kept as the directory has it, and closed at once when it says so.

The directory is believed for its own people's names, contacts, unit and state, and for the roles that policies let it give; never for
another kind of account. What an admin disabled stays disabled. Left to others: asking the directory (``ldap``), when (``login``, ``sync``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from idp.errors import ACCOUNT_EXISTS
from idp.owed_events import owe
from idp.people import accounts, proofing
from idp.people.accounts import NewAccount, normal_username
from idp.ports import IdpDeps, IdpWork
from idp.records import Account, AccountRecord, DirectoryPerson, DirectorySettings, Lock, StaffEntry
from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.text import normal_form
from policies.roles import from_directory

Known: TypeAlias = tuple[DirectoryPerson, AccountRecord]

_OPTIONAL = ("phone", "email", "department")
"""What is left out when it is not well formed; without the rest nobody gets in."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done about somebody. ``person`` is what is new to take over; ``refusal`` says why it cannot be."""

    entry: StaffEntry
    person: NewAccount | None
    digest: bytes
    lock: Lock | None
    known: Known | None
    is_new: bool = False
    is_changed: bool = False
    locks: bool = False
    releases: bool = False
    refusal: Refusal | None = None

    @property
    def is_any(self) -> bool:
        """Whether there is anything to be done."""
        is_said_first = self.known is not None and self.lock != self.known[0].lock
        return self.is_new or self.is_changed or self.locks or self.releases or is_said_first


def username_of(settings: DirectorySettings, entry: StaffEntry) -> str:
    """Return the username of somebody of this directory: no account of another directory, or of none, can have it."""
    return f"{normal_username(entry.uid)}@{settings.name}"


def judge(deps: IdpDeps, settings: DirectorySettings, entry: StaffEntry, known: Known | None, now: datetime) -> Change:
    """Return what follows from what the directory says, given what is known of the entry. Nothing is changed."""
    lock: Lock | None = entry.lock
    if lock is None and entry.expires_at is not None and entry.expires_at <= now:
        lock = "expired"
    locks = lock is not None and known is not None and known[1].disabled_at is None
    releases = lock is None and known is not None and known[0].locked_here
    digest = _digest(deps, settings, entry)
    change = Change(entry, None, digest, lock, known, locks=locks, releases=releases)
    if known is not None and known[0].digest == digest:
        return change
    try:
        person = _person(deps, settings, entry)
    except Refusal as refusal:  # what was taken over before stays, but for the lock
        return replace(change, digest=b"" if known is None else known[0].digest, refusal=refusal)
    is_new = known is None and lock is None  # who is out already gets no account
    return replace(change, person=person, is_new=is_new, is_changed=known is not None)


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes over what a directory says, within one transaction. Doing anything twice changes nothing more."""

    work: IdpWork
    deps: IdpDeps
    settings: DirectorySettings
    now: datetime
    actor: str

    def find(self, entry_id: str) -> Known | None:
        """Return whose account an entry is."""
        return self.work.records.directory_people(self.settings.name, [entry_id]).get(entry_id)

    def take_over(self, change: Change, known: Known | None) -> Change:
        """Do what follows from an entry, of which this is ``known`` now; return what that was."""
        entry = change.entry
        if known != change.known:
            change = judge(self.deps, self.settings, entry, known, self.now)
        if change.is_new and change.person is not None:
            if self._add(change, change.person):
                return change
            known = self.find(entry.id)  # another login may just have added it
            if known is None:
                return replace(change, is_new=False, refusal=Refusal(ACCOUNT_EXISTS, field="username"))
            change = judge(self.deps, self.settings, entry, known, self.now)
        if change.known is None or not change.is_any:
            return change
        new, (person, record) = change.person, change.known
        if change.is_changed and new is not None:
            taken = self.work.records.find_username(normal_username(new.username))
            if taken is not None and taken.id != record.id:
                refusal = Refusal(ACCOUNT_EXISTS, field="username")
                change = replace(change, is_changed=False, digest=person.digest, refusal=refusal)
            else:
                self._replace(record, new)
        self._settle(replace(person, digest=change.digest, expires_at=entry.expires_at), change)
        return change

    def let_go(self, entry_id: str, lock: Lock) -> str | None:
        """Close the account of somebody who is no longer in the directory, or whose time is over; return their username.

        It is never deleted: what they did stays theirs, and nobody else gets their name.
        """
        known = self.find(entry_id)
        if known is None:
            return None
        person, record = known
        change = Change(StaffEntry(entry_id, "", "", ""), None, person.digest, lock, known, locks=record.disabled_at is None)
        self._settle(person, change)
        return record.username

    def _add(self, change: Change, new: NewAccount) -> bool:
        account = Account(
            id=accounts.SUBJECT_PREFIX + token(16),
            kind="staff",
            real_name_level=new.real_name_level,
            created_at=self.now,
            **_taken_over(new),
        )
        if not self.work.records.add_account(accounts.seal(self.deps, account, self.now)):
            return False
        self.work.records.add_verification(proofing.evidence(self.deps, account, new.proofed_by, actor=self.actor))
        entry = change.entry
        person = DirectoryPerson(self.settings.name, entry.id, account.id, change.digest, expires_at=entry.expires_at)
        self.work.records.put_directory_person(person)
        self._note("idp.create_account", account.id, {"kind": "staff", "roles": list(account.roles)})
        return True

    def _replace(self, record: AccountRecord, new: NewAccount) -> None:
        account = replace(accounts.open_record(self.deps, record), **_taken_over(new))
        self.work.records.replace_account(accounts.seal(self.deps, account, self.now))
        self._note("idp.update_account", record.id, {"roles": list(new.roles)})

    def _settle(self, person: DirectoryPerson, change: Change) -> None:
        """Lock or release the account, and remember what the directory said."""
        records, locked_here = self.work.records, person.locked_here
        if change.locks and records.set_disabled(person.account_id, self.now):
            locked_here = True
            owe(self.work, person.account_id, "account-disabled", self.now)
            ended = records.end_sessions(person.account_id, self.now)
            self._note("idp.disable_account", person.account_id, {"sessions": ended, "lock": change.lock})
        if change.releases:
            locked_here = False
            if records.set_disabled(person.account_id, None):
                owe(self.work, person.account_id, "account-enabled", self.now)
                self._note("idp.enable_account", person.account_id, {})
        records.put_directory_person(replace(person, lock=change.lock, locked_here=locked_here))

    def _note(self, action: str, account_id: str, details: dict[str, Json]) -> None:
        told = {"directory": self.settings.name, **details}
        self.work.audit.record(AuditEvent(self.now, self.actor, action, f"account:{account_id}", details=told))


def _roles(deps: IdpDeps, settings: DirectorySettings, entry: StaffEntry) -> tuple[str, ...]:
    roles = {role for group in entry.groups for role in settings.groups.get(group, ())}
    return from_directory(deps.policies.assurance.directories, roles)


def _digest(deps: IdpDeps, settings: DirectorySettings, entry: StaffEntry) -> bytes:
    """Return what is the same as long as there is nothing new to take over."""
    said = (settings.organization, entry.uid, entry.name, entry.phone, entry.email, entry.unit, entry.expires_at)
    return deps.vault.digest(repr((*said, _roles(deps, settings, entry))), "idp.directory")


def _person(deps: IdpDeps, settings: DirectorySettings, entry: StaffEntry) -> NewAccount:
    person = NewAccount(
        username=username_of(settings, entry),
        kind="staff",
        name=entry.name,
        password="",
        phone=entry.phone,
        email=entry.email,
        organization=settings.organization,
        department=entry.unit,
        roles=_roles(deps, settings, entry),
    )
    while True:
        try:
            accounts.check_person(deps, person)
        except Refusal as refusal:
            if refusal.field not in _OPTIONAL:
                raise
            left_out: dict[str, Any] = {refusal.field: None}
            person = replace(person, **left_out)
        else:
            return person


def _taken_over(new: NewAccount) -> dict[str, Any]:
    """Return what the directory alone says of an account."""
    return {
        "username": normal_username(new.username),
        "name": normal_form(new.name),
        "phone": new.phone,
        "email": new.email,
        "organization": new.organization,
        "department": new.department,
        "roles": new.roles,
    }
