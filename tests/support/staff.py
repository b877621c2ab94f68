"""A department's directory in memory: ``StaffDirectory`` without a network. What it was asked stands in ``asked``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from crosscert.errors import DIRECTORY_UNREACHABLE
from idp.ports import IdpDeps
from idp.records import DirectorySettings, StaffEntry
from kernel.errors import Refusal

MARKET = DirectorySettings(
    "scjg",
    "114451008W15P11PMR",
    "潮州市市场监督管理局",
    {"cn=clerks": ("clerk",), "cn=chiefs": ("clerk", "department_admin"), "cn=admins": ("security_admin",)},
)
PASSWORD = "what the directory knows"


def person(uid: str) -> StaffEntry:
    """Somebody of the directory."""
    return StaffEntry(f"id-{uid}", f"uid={uid}", uid, "林文书")


@dataclass
class MemoryDirectory:
    """Holds people by name; everybody has the same password. ``away``: it does not answer."""

    settings: DirectorySettings = MARKET
    people: dict[str, StaffEntry] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False
    url: str = "memory"
    group_mark: bytes = b"groups"
    page_size: int = 2

    def put(self, uid: str, /, **changes: Any) -> StaffEntry:
        """Add somebody, or change them: the mark moves on."""
        before = self.people.get(uid)
        mark = f"{1 + max((int(each.mark) for each in self.people.values()), default=0):020}"
        self.people[uid] = replace(person(uid) if before is None else before, mark=mark, **changes)
        return self.people[uid]

    def find(self, uid: str) -> StaffEntry | None:
        self._answer(f"find {uid}")
        return next((each for each in self.people.values() if each.uid.casefold() == uid.casefold()), None)

    def verify_password(self, entry: StaffEntry | None, password: str) -> bool:
        self._answer("verify nobody" if entry is None else f"verify {entry.uid}")
        locked = entry is not None and entry.lock == "locked"
        return entry is not None and password == PASSWORD and not locked

    @contextmanager
    def reading(self) -> Iterator[MemoryDirectory]:
        self._answer("read")
        yield self

    def groups(self) -> bytes:
        return self.group_mark

    def pages(self, since: str | None) -> Iterator[Sequence[StaffEntry]]:
        self.asked.append("all" if since is None else f"since {since}")
        found = [each for each in self.people.values() if since is None or int(each.mark) > int(since)]
        for start in range(0, len(found), self.page_size):
            self._answer("page")
            yield found[start : start + self.page_size]

    def examine(self) -> Iterator[tuple[str, str | None, str]]:
        yield "memory", "away" if self.away else None, ""

    def _answer(self, question: str) -> None:
        self.asked.append(question)
        if self.away:
            raise Refusal(DIRECTORY_UNREACHABLE, url=self.url, problem="away")


def with_directories(deps: IdpDeps, *directories: MemoryDirectory) -> IdpDeps:
    """Return the room with these directories."""
    return replace(deps, directories={each.settings.name: each for each in directories})
