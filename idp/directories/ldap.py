"""A department's directory over LDAP: who somebody is, whether a password is theirs, and everybody page by page. Nothing is written.

Left to others: the connection with its bounds (``crosscert.directory.channel``), keeping some (``pool``), what an entry means
(``schemas``), what follows from it (``people``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from crosscert.directory.channel import (
    INVALID_CREDENTIALS,
    NO_SUCH_OBJECT,
    SIZE_LIMIT_EXCEEDED,
    SUCCESS,
    Channel,
    Page,
    in_filter,
    in_name,
    open_channel,
)
from crosscert.directory.messages import Limits
from crosscert.errors import DIRECTORY_ANSWER, DIRECTORY_UNREACHABLE
from idp.directories.pool import Pool
from idp.directories.schemas import LockRule, Schema, normal_dn, read_entry
from idp.records import DirectorySettings, StaffEntry
from kernel.errors import ChaoxinError, Refusal
from kernel.randomness import token

MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_GROUP_BYTES = 16 * 1024 * 1024
"""A group of a hundred thousand members takes ten."""
MAX_PEOPLE = 1_000_000
_REFUSED = {INVALID_CREDENTIALS, NO_SUCH_OBJECT, 19, 48, 50, 53}
"""What a bind is answered when it is the person's fault (RFC 4511 A.2): also constraintViolation, inappropriateAuthentication,
insufficientAccessRights, unwillingToPerform."""
_MEMBERS = ("member", "uniqueMember", "memberUid")
_ANYTHING = "(objectClass=*)"
_NOTHING = "1.1"  # RFC 4511 4.5.1.8


@dataclass(frozen=True, slots=True)
class LdapSettings:
    """Where a directory is and how it is read. ``rest_seconds``: how long a server that failed is left in peace."""

    urls: Sequence[str]
    base_dn: str
    bind_dn: str
    password: str = field(repr=False)
    ca_file: Path
    schema: Schema
    user_filter: str
    lock_rule: LockRule | None = None
    seconds: float = 5.0
    pool_size: int = 2
    page_size: int = 500
    rest_seconds: float = 5.0


class LdapStaffDirectory:
    """``StaffDirectory`` over LDAP."""

    def __init__(self, settings: DirectorySettings, ldap: LdapSettings) -> None:
        self.settings = settings
        self._ldap = ldap
        self._limits = Limits(ldap.seconds, MAX_ANSWER_BYTES)
        self._pool = Pool(ldap.urls, self._bound, size=ldap.pool_size, rest_seconds=ldap.rest_seconds)

    def find(self, uid: str) -> StaffEntry | None:
        """Return who has this name there; None for nobody, and for several."""
        return self._pool.use(lambda channel: self._find(channel, uid))

    def verify_password(self, entry: StaffEntry | None, password: str) -> bool:
        """Ask the directory by a bind, on a connection that is used for nothing else."""
        name = f"cn={in_name(token(12))},{self._ldap.base_dn}" if entry is None else entry.dn

        def bind(url: str) -> bool:
            channel = self._open(url)
            try:
                code = channel.bind(name, password)
            finally:
                channel.close()
            if code not in {SUCCESS, *_REFUSED}:
                raise Refusal(DIRECTORY_UNREACHABLE, url=url, problem=f"result {code} for a bind")
            return code == SUCCESS and entry is not None

        return self._pool.ask(bind)

    @contextmanager
    def reading(self) -> Iterator[LdapReader]:
        """Open a connection of its own for reading all, so that logins do not wait for it."""
        channel = self._pool.fail_over(self._bound)
        try:
            yield LdapReader(channel, self.settings, self._ldap)
        finally:
            channel.close()

    def examine(self) -> Iterator[tuple[str, str | None, str]]:
        """Look at each server: TLS, bind, search, what the schema says, the groups."""
        for url in self._ldap.urls:
            step = "tls"
            try:
                channel = self._open(url)
                yield f"{url} tls", None, "the certificate is for this host, and from the CA file"
                step = "bind"
                self._bind(channel)
                yield f"{url} bind", None, self._ldap.bind_dn
                step = "search"
                found = channel.search(self._ldap.base_dn, self._ldap.user_filter, self._attributes, page=(1, b""))
                people = self._read(found)
                yield f"{url} search", None if people else "nobody is found", f"{len(people)} looked at"
                step = "schema"
                first = people[0] if people else None
                seen = [] if first is None else [name for name in ("uid", "name", "mark") if not getattr(first, name)]
                yield f"{url} schema", f"without {', '.join(seen)}" if seen else None, "" if first is None else first.uid
                step = "groups"
                missing = [name for name in self.settings.groups if not _group(channel, name, (_NOTHING,)).entries]
                yield f"{url} groups", f"not there: {'; '.join(missing)}" if missing else None, str(len(self.settings.groups))
                channel.close()
            except ChaoxinError as error:
                yield f"{url} {step}", error.text.en, error.code

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()

    @property
    def _attributes(self) -> tuple[str, ...]:
        return _attributes(self._ldap)

    def _open(self, url: str) -> Channel:
        return open_channel(url, self._ldap.ca_file, self._limits)

    def _bound(self, url: str) -> Channel:
        channel = self._open(url)
        self._bind(channel)
        return channel

    def _bind(self, channel: Channel) -> None:
        if channel.bind(self._ldap.bind_dn, self._ldap.password) != SUCCESS:
            channel.close()
            raise Refusal(DIRECTORY_UNREACHABLE, url=channel.url, problem="the bind was refused")

    def _find(self, channel: Channel, uid: str) -> StaffEntry | None:
        channel.allow(self._limits)
        filter_ = f"(&{self._ldap.user_filter}({self._ldap.schema.uid}={in_filter(uid)}))"
        found = self._read(_checked(channel.search(self._ldap.base_dn, filter_, self._attributes, size=2), SIZE_LIMIT_EXCEEDED))
        if len(found) != 1:
            return None
        (entry,) = found
        if not self._ldap.schema.members:
            return entry
        own = f"(|(member={in_filter(entry.dn)})(uniqueMember={in_filter(entry.dn)})(memberUid={in_filter(entry.uid)}))"
        names = [name for name in self.settings.groups if _group(channel, name, (_NOTHING,), own).entries]
        return replace(entry, groups=tuple(map(normal_dn, names)))

    def _read(self, page: Page) -> list[StaffEntry]:
        return _read(self._ldap, page)


class LdapReader:
    """``StaffReader`` on one connection."""

    def __init__(self, channel: Channel, settings: DirectorySettings, ldap: LdapSettings) -> None:
        self.url = channel.url
        self._channel = channel
        self._settings = settings
        self._ldap = ldap

    def groups(self) -> bytes:
        """Return a digest of which groups are there, and each one's last change."""
        told = hashlib.sha256()
        for name in sorted(self._settings.groups):
            self._allow()
            for _dn, attributes in _group(self._channel, name, (self._ldap.schema.mark,)).entries:
                told.update(repr((name, attributes.get(self._ldap.schema.mark, ()))).encode())
        return told.digest()

    def pages(self, since: str | None) -> Iterator[Sequence[StaffEntry]]:
        """Yield everybody page by page, or those changed since this mark."""
        schema = self._ldap.schema
        changed = self._ldap.user_filter if since is None else f"(&{self._ldap.user_filter}{schema.changed(since)})"
        members = self._members() if schema.members else {}
        cookie, seen = b"", 0
        while True:
            self._allow()
            page = self._channel.search(self._ldap.base_dn, changed, _attributes(self._ldap), page=(self._ldap.page_size, cookie))
            people = _read(self._ldap, _checked(page))
            yield [_with_groups(members, each) for each in people] if members else people
            seen += len(page.entries)
            cookie = page.cookie
            if not cookie:
                return
            if not page.entries or seen > MAX_PEOPLE:
                raise Refusal(DIRECTORY_ANSWER, problem="its answer has no end")

    def _members(self) -> dict[str, frozenset[str]]:
        """Return who is in which group, by names of entries and of people."""
        found = {}
        for name in self._settings.groups:
            self._allow(MAX_GROUP_BYTES)
            for _dn, attributes in _group(self._channel, name, _MEMBERS).entries:
                values = (value for kind in _MEMBERS for value in attributes.get(kind.lower(), ()))
                found[normal_dn(name)] = frozenset(normal_dn(value.decode(errors="replace")) for value in values)
        return found

    def _allow(self, max_bytes: int = MAX_ANSWER_BYTES) -> None:
        self._channel.allow(Limits(max(20.0, self._ldap.seconds), max_bytes))


def _attributes(ldap: LdapSettings) -> tuple[str, ...]:
    return (*ldap.schema.attributes, *(() if ldap.lock_rule is None else (ldap.lock_rule.attribute,)))


def _with_groups(members: dict[str, frozenset[str]], entry: StaffEntry) -> StaffEntry:
    own = {normal_dn(entry.dn), normal_dn(entry.uid)}
    groups = tuple(name for name, within in members.items() if own & within)
    return replace(entry, groups=groups) if groups else entry


def _group(channel: Channel, name: str, attributes: Sequence[str], filter_: str = _ANYTHING) -> Page:
    """Return the group's entry, none when it is not there."""
    return _checked(channel.search(name, filter_, attributes, one=True), NO_SUCH_OBJECT)


def _checked(page: Page, *also: int) -> Page:
    if page.code not in {SUCCESS, *also}:
        raise Refusal(DIRECTORY_ANSWER, problem=f"result {page.code} for a search")
    return page


def _read(ldap: LdapSettings, page: Page) -> list[StaffEntry]:
    """Return who can be known again; the others are nobody."""
    people = []
    for dn, attributes in page.entries:
        with suppress(Refusal):
            people.append(read_entry(ldap.schema, ldap.lock_rule, dn, attributes))
    return people
