"""Who is in which of the groups that give roles: by the groups' own lists, or by what a person's entry says.

Where the directory's ``groups_below`` is set, also through other groups. Active Directory is asked by its rule that follows a chain of
names; OpenLDAP has none, so it is followed here, among the groups below that entry, each once: a circle has an end, and what has none is refused.

Left to others: what the groups give (``people``), what else is read of somebody (``ldap``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from crosscert.directory.channel import Channel, in_filter
from crosscert.errors import DIRECTORY_ANSWER
from idp.directories.asking import MAX_PEOPLE, NOTHING, paged, read_group
from idp.directories.schemas import normal_dn
from idp.directories.settings import LdapSettings
from idp.records import StaffEntry
from kernel.errors import Refusal

MAX_GROUP_BYTES = 16 * 1024 * 1024
"""A group of a hundred thousand members takes ten."""
MAX_GROUPS = 20_000
MAX_WITHIN = 1000
"""How many groups may be in one another."""
_MEMBERS = ("member", "uniqueMember", "memberUid")
_HAS_MEMBERS = "".join(f"({kind}=*)" for kind in _MEMBERS)
_IN_CHAIN = "1.2.840.113556.1.4.1941"  # [MS-ADTS] 3.1.1.3.4.4.3: LDAP_MATCHING_RULE_TRANSITIVE_EVAL
_AT_ONCE = 50
Marks: TypeAlias = "list[tuple[str, Sequence[bytes]]]"


class Allow(Protocol):
    """Starts the bounds of an answer anew, with room for this many octets."""

    def __call__(self, max_bytes: int = ...) -> None:
        """Let the next answer take that much."""
        ...


def in_chain(group: str) -> str:
    """Return the filter for whatever is in a group of Active Directory, be it through others."""
    return f"(memberOf:{_IN_CHAIN}:={in_filter(group)})"


def add(entry: StaffEntry, found: Sequence[str]) -> StaffEntry:
    """Return somebody with the groups that were found beside those that the entry names."""
    return replace(entry, groups=tuple(dict.fromkeys((*entry.groups, *found)))) if found else entry


def find(channel: Channel, ldap: LdapSettings, names: Collection[str], entry: StaffEntry) -> list[str]:
    """Return in which of the groups ``names`` somebody is whom the entry itself does not name."""
    if ldap.schema.members:
        own = _naming((entry.dn,), entry.uid)
        if ldap.groups_below is not None:
            above = _above(channel, ldap, ldap.groups_below, own)
            return [normal_dn(name) for name in names if normal_dn(name) in above]
        return [normal_dn(name) for name in names if read_group(channel, name, (NOTHING,), own).entries]
    if ldap.groups_below is None:
        return []
    return [normal_dn(name) for name in names if read_group(channel, entry.dn, (NOTHING,), in_chain(name)).entries]


def members(channel: Channel, ldap: LdapSettings, names: Collection[str], allow: Allow) -> dict[str, frozenset[str]]:
    """Return who is in which group, by names of entries and of people; nothing where each entry says all of it."""
    if ldap.schema.members:
        known = _known(channel, ldap, allow)
        return {normal_dn(name): _listed(channel, ldap, name, known, allow)[0] for name in names}
    if ldap.groups_below is None:
        return {}
    return {normal_dn(name): _chained(channel, ldap, name, allow) for name in names}


def of(found: Mapping[str, frozenset[str]], entry: StaffEntry) -> list[str]:
    """Return the groups in which somebody is by what :func:`members` found."""
    own = {normal_dn(entry.dn), normal_dn(entry.uid)}
    return [name for name, within in found.items() if own & within]


def marks(channel: Channel, ldap: LdapSettings, names: Sequence[str], allow: Allow) -> list[Marks]:
    """Return the last change of each group, and of every one that is in it."""
    if ldap.groups_below is None or not ldap.schema.members:
        return [_chained_marks(channel, ldap, name, allow) for name in names]
    known, told = _known(channel, ldap, allow), list[Marks]()
    for name in names:
        found, changed = _listed(channel, ldap, name, known, allow)
        # A mark is of a second, and this is read anyway: two changes within one do not look like one.
        told.append([*sorted(changed.items()), *((one, ()) for one in sorted(found))])
    return told


def _chained_marks(channel: Channel, ldap: LdapSettings, name: str, allow: Allow) -> Marks:
    mark = ldap.schema.mark
    allow()
    found = list(read_group(channel, name, (mark,)).entries)
    if ldap.groups_below is not None:
        asked = ldap.groups_below, f"(&(objectClass=group){in_chain(name)})", (mark,)
        for page in paged(channel, *asked, size=ldap.page_size, most=MAX_WITHIN, allow=allow):
            found += page.entries
    return sorted((normal_dn(dn), attributes.get(mark, ())) for dn, attributes in found)


def _listed(
    channel: Channel, ldap: LdapSettings, name: str, known: Mapping[str, str], allow: Allow
) -> tuple[frozenset[str], dict[str, Sequence[bytes]]]:
    """Return whom a group names, or a group that it names and that is ``known``, and the last change of each of those groups."""
    found, changed, todo = set[str](), dict[str, Sequence[bytes]](), [name]
    while todo:
        group = todo.pop()
        allow(MAX_GROUP_BYTES)
        for _dn, attributes in read_group(channel, group, (*_MEMBERS, ldap.schema.mark)).entries:
            changed[normal_dn(group)] = attributes.get(ldap.schema.mark, ())
            values = (value for kind in _MEMBERS for value in attributes.get(kind.lower(), ()))
            fresh = {normal_dn(value.decode(errors="replace")) for value in values} - found
            found |= fresh
            todo += (known[one] for one in fresh & known.keys() if one != normal_dn(name))
        if len(changed) + len(todo) > MAX_WITHIN:
            raise _endless()
    return frozenset(found), changed


def _known(channel: Channel, ldap: LdapSettings, allow: Allow) -> dict[str, str]:
    """Return the groups that may be in others, in both spellings."""
    below = ldap.groups_below
    if below is None:
        return {}
    pages = paged(channel, below, f"(|{_HAS_MEMBERS})", (NOTHING,), size=ldap.page_size, most=MAX_GROUPS, allow=allow)
    return {normal_dn(dn): dn for page in pages for dn, _ in page.entries}


def _chained(channel: Channel, ldap: LdapSettings, name: str, allow: Allow) -> frozenset[str]:
    asked = ldap.base_dn, f"(&{ldap.user_filter}{in_chain(name)})", (NOTHING,)
    pages = paged(channel, *asked, size=ldap.page_size, most=MAX_PEOPLE, allow=allow)
    return frozenset(normal_dn(dn) for page in pages for dn, _ in page.entries)


def _above(channel: Channel, ldap: LdapSettings, below: str, own: str) -> set[str]:
    """Return all groups that name somebody (``own``), or a group that does."""
    found, asking = set[str](), [own]
    while asking:
        fresh: dict[str, str] = {}
        for filter_ in asking:
            for page in paged(channel, below, filter_, (NOTHING,), size=ldap.page_size, most=MAX_WITHIN, allow=_as_it_is):
                fresh |= {normal_dn(dn): dn for dn, _ in page.entries if normal_dn(dn) not in found}
        found |= fresh.keys()
        if len(found) > MAX_WITHIN:
            raise _endless()
        asking = [_naming(some) for some in _some_at_once(list(fresh.values()))]
    return found


def _naming(names: Sequence[str], uid: str | None = None) -> str:
    """Return the filter for groups that name any of these entries, or somebody by this name."""
    kinds = "".join(f"(member={in_filter(name)})(uniqueMember={in_filter(name)})" for name in names)
    return f"(|{kinds})" if uid is None else f"(|{kinds}(memberUid={in_filter(uid)}))"


def _some_at_once(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]


def _as_it_is() -> None:
    """Leave the bounds as they are: one login's questions are bounded together."""


def _endless() -> Refusal:
    return Refusal(DIRECTORY_ANSWER, problem=f"more than {MAX_WITHIN} groups are in one another")
