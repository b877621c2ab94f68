"""What a department's directory says of its staff, and what is kept of it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Lock = Literal["disabled", "locked", "expired", "gone"]
"""Why somebody is out: taken out by hand, after too many tries, at the end of their time, or no longer in the directory."""


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """A directory of staff: ``name`` is the end of its people's usernames, ``groups`` the roles by a group's distinguished name."""

    name: str
    department: str
    organization: str
    groups: Mapping[str, tuple[str, ...]]
    full_minutes: int = 60


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """Somebody as a directory has them: read within bounds, checked by nobody yet.

    ``id`` never changes, ``dn`` may. ``mark`` orders changes within this directory. ``lock`` stands now, ``expires_at`` may be over;
    ``must_change``: the password is one that its owner has to replace first.
    """

    id: str
    dn: str = field(repr=False)
    uid: str
    name: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    unit: str | None = None
    groups: tuple[str, ...] = ()
    lock: Lock | None = None
    expires_at: datetime | None = None
    must_change: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """Whose account an entry is. ``digest`` tells whether what was taken over is still the same.

    ``lock`` is what the directory said last; ``locked_here`` whether that (and no admin) disabled the account.
    """

    directory: str
    entry_id: str
    account_id: str
    digest: bytes = field(repr=False)
    lock: Lock | None = None
    locked_here: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DirectoryState:
    """How a directory's synchronisation stands. ``url``, ``mark`` and ``groups``: where, and up to which change, all was taken over."""

    name: str
    url: str = ""
    mark: str = ""
    groups: bytes = b""
    tried_at: datetime | None = None
    heard_at: datetime | None = None
    full_at: datetime | None = None
    failures: int = 0
    problem: str | None = None
