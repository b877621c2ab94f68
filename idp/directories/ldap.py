"""A department's directory over LDAP: who somebody is, whether a password is theirs, and everybody page by page. Nothing is written.

Left to others: the connection with its bounds (``crosscert.directory.channel``), keeping some (``pool``), what an entry means
(``schemas``), who is in which group (``groups``), what follows from it (``people``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

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
from crosscert.errors import DIRECTORY_UNREACHABLE
from idp.directories import groups
from idp.directories.asking import MAX_PEOPLE, NOTHING, checked, paged, read_group
from idp.directories.pool import Pool
from idp.directories.schemas import read_entry
from idp.directories.settings import LdapSettings
from idp.records import DirectorySettings, StaffEntry
from kernel.errors import ChaoxinError, Refusal
from kernel.randomness import token

MAX_ANSWER_BYTES = 4 * 1024 * 1024
_REFUSED = {INVALID_CREDENTIALS, NO_SUCH_OBJECT, 19, 48, 50, 53}
"""What a bind is answered when it is the person's fault (RFC 4511 A.2): also constraintViolation, inappropriateAuthentication,
insufficientAccessRights, unwillingToPerform."""


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
                missing = [name for name in self.settings.groups if not read_group(channel, name, (NOTHING,)).entries]
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
        found = self._read(checked(channel.search(self._ldap.base_dn, filter_, self._attributes, size=2), SIZE_LIMIT_EXCEEDED))
        if len(found) != 1:
            return None
        return groups.add(found[0], groups.find(channel, self._ldap, self.settings.groups, found[0]))

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
        marks = groups.marks(self._channel, self._ldap, sorted(self._settings.groups), self._allow)
        return hashlib.sha256(repr(marks).encode()).digest()

    def pages(self, since: str | None) -> Iterator[Sequence[StaffEntry]]:
        """Yield everybody page by page, or those changed since this mark."""
        schema = self._ldap.schema
        changed = self._ldap.user_filter if since is None else f"(&{self._ldap.user_filter}{schema.changed(since)})"
        members = groups.members(self._channel, self._ldap, self._settings.groups, self._allow)
        asked = self._ldap.base_dn, changed, _attributes(self._ldap)
        for page in paged(self._channel, *asked, size=self._ldap.page_size, most=MAX_PEOPLE, allow=self._allow):
            people = _read(self._ldap, page)
            yield [groups.add(each, groups.of(members, each)) for each in people] if members else people

    def _allow(self, max_bytes: int = MAX_ANSWER_BYTES) -> None:
        self._channel.allow(Limits(max(20.0, self._ldap.seconds), max_bytes))


def _attributes(ldap: LdapSettings) -> tuple[str, ...]:
    return (*ldap.schema.attributes, *(() if ldap.lock_rule is None else (ldap.lock_rule.attribute,)))


def _read(ldap: LdapSettings, page: Page) -> list[StaffEntry]:
    """Return who can be known again; the others are nobody."""
    people = []
    for dn, attributes in page.entries:
        with suppress(Refusal):
            people.append(read_entry(ldap.schema, ldap.lock_rule, dn, attributes))
    return people
