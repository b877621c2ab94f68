"""Logging in with the name and password of one's department's directory.

1. Whose directory it is says the end of the name: no password is tried anywhere else.
2. The directory is asked who that is. However the name was spelt, a try counts against the person.
3. The try is counted before it is made; a blocked one goes no further (``idp.people.throttle``).
4. The directory compares the password by a bind, outside of any transaction. When it is away the try is given back.
5. Who is in is taken over (``people``); who is locked there is out here at once, sessions included, whatever the password was.

Left to others: the second factor and the session (``idp.interaction.login``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from crosscert.errors import DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE
from idp.directories.errors import DIRECTORY_PASSWORD_RESET, STAFF_DIRECTORY_AWAY
from idp.directories.people import Intake, judge
from idp.errors import ACCOUNT_DISABLED, LOGIN_FAILED
from idp.people import accounts, throttle
from idp.ports import IdpDeps, StaffDirectory
from idp.records import AccountRecord, StaffEntry
from kernel.errors import Refusal

_ACTOR = "system"


def find_directory(deps: IdpDeps, username: str) -> StaffDirectory | None:
    """Return the directory that a username (in its normal form) belongs to; None for everybody else's."""
    return deps.directories.get(username.rpartition("@")[2]) if "@" in username else None


def find_account(deps: IdpDeps, directory: StaffDirectory, username: str) -> tuple[StaffEntry | None, str]:
    """Return who the directory says that is, and what tries for them are counted under."""
    # 2.
    if not accounts.is_username(username):
        return None, username
    with _there(directory):
        entry = directory.find(username.rpartition("@")[0])
    if entry is None:
        return None, username
    with deps.work.read() as work:
        known = work.records.directory_people(directory.settings.name, [entry.id])
    return entry, known[entry.id][1].id if entry.id in known else f"{directory.settings.name}:{entry.id}"


def prove(
    deps: IdpDeps, directory: StaffDirectory, entry: StaffEntry | None, password: str, attempt: throttle.Try
) -> AccountRecord:
    """Return the account of whoever knows this password; ``Refusal`` says why not."""
    # 4.
    try:
        with _there(directory):
            right = directory.verify_password(entry, password)
    except Refusal:
        with deps.work.begin() as work:
            attempt.give_back(work)
        raise
    # 5.
    if entry is None or not right:
        if entry is not None and entry.lock is not None:
            _take_over(deps, directory, entry, only_known=True)
        raise Refusal(LOGIN_FAILED, field="password")
    # A directory lets nobody bind whom it has locked out: that lock is over.
    found = _take_over(deps, directory, replace(entry, lock=None) if entry.lock == "locked" else entry, only_known=False)
    if found is None or found.disabled_at is not None:
        raise Refusal(ACCOUNT_DISABLED)
    if entry.must_change:
        raise Refusal(DIRECTORY_PASSWORD_RESET)
    return found


def _take_over(deps: IdpDeps, directory: StaffDirectory, entry: StaffEntry, *, only_known: bool) -> AccountRecord | None:
    name, now = directory.settings.name, deps.clock.now()
    with deps.work.read() as work:
        known = work.records.directory_people(name, [entry.id]).get(entry.id)
    change = judge(deps, directory.settings, entry, known, now)
    if only_known and known is None:
        return None
    if change.is_any:
        with deps.work.begin() as work:
            intake = Intake(work, deps, directory.settings, now, _ACTOR)
            change = intake.take_over(change, intake.find(entry.id))
            known = intake.find(entry.id)
    if change.refusal is not None and known is None:  # otherwise what was taken over before does
        raise change.refusal
    return None if known is None else known[1]


@contextmanager
def _there(directory: StaffDirectory) -> Iterator[None]:
    """Say in the person's words that the directory is away, or talks nonsense."""
    try:
        yield
    except Refusal as refusal:
        if refusal.error not in {DIRECTORY_UNREACHABLE, DIRECTORY_ANSWER}:
            raise
        raise Refusal(STAFF_DIRECTORY_AWAY, organization=directory.settings.organization) from refusal
