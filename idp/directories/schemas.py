"""How the two kinds of directories tell of people: OpenLDAP (inetOrgPerson, ppolicy, shadow) and Active Directory.

What cannot be read counts against its owner: a lock that is not understood is one. Left to others: asking (``ldap``), judging (``people``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from crosscert.errors import DIRECTORY_ANSWER
from idp.records import Lock, StaffEntry
from kernel.errors import Refusal

SchemaName = Literal["openldap", "active-directory"]
Attributes: TypeAlias = Mapping[str, Sequence[bytes]]

_MOST_TEXT = 1000
_MOST_VALUES = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = 0x7FFFFFFFFFFFFFFF
_DISABLED, _LOCKED_OUT = 0x2, 0x10  # ADS_UF_ACCOUNTDISABLE, ADS_UF_LOCKOUT
_OVERLAP = timedelta(minutes=5)
"""Replicas hand changes on late, with the moment at which they were made."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Where things stand. ``members``: groups name their members; otherwise each person names the groups."""

    people: str
    uid: str
    name: tuple[str, ...]
    unit: tuple[str, ...]
    more: tuple[str, ...]
    identify: Callable[[Attributes], str]
    marked: Callable[[Attributes], str]
    find_lock: Callable[[Attributes], tuple[Lock | None, datetime | None]]
    changed: Callable[[str], str]
    mark: str
    members: bool

    @property
    def attributes(self) -> tuple[str, ...]:
        """What is asked for."""
        return tuple(dict.fromkeys((self.uid, *self.name, *self.unit, *_CONTACTS, *self.more, self.mark)))


@dataclass(frozen=True, slots=True)
class LockRule:
    """An attribute of the department's own that says who is out: with one of ``values``, however it is spelt."""

    attribute: str
    values: tuple[str, ...]


def read_entry(schema: Schema, rule: LockRule | None, dn: str, attributes: Attributes) -> StaffEntry:
    """Return who an entry is; ``Refusal(directory_answer)`` when it has nothing by which it could be known again."""
    found, expires_at = schema.find_lock(attributes)
    entry = StaffEntry(
        id=schema.identify(attributes),
        dn=dn,
        uid=_text(attributes, schema.uid) or "",
        name=_first_text(attributes, schema.name) or "",
        phone=_first_text(attributes, ("mobile", "telephonenumber")),
        email=_text(attributes, "mail"),
        unit=_first_text(attributes, schema.unit),
        groups=() if schema.members else tuple(map(normal_dn, _texts(attributes.get("memberof", ())))),
        lock=found,
        expires_at=expires_at,
        must_change=_text(attributes, "pwdreset") == "TRUE",
        mark=schema.marked(attributes),
    )
    if rule is not None:
        values = {value.casefold() for value in _texts(attributes.get(rule.attribute.lower(), ()))}
        if values & {value.casefold() for value in rule.values}:
            return replace(entry, lock="disabled")
    return entry


def normal_dn(dn: str) -> str:
    """Return what two spellings of a distinguished name have in common. Of one with escapes nothing is taken away: rather no role."""
    folded = dn.casefold()
    if " " not in folded or "\\" in folded or '"' in folded:
        return folded
    return re.sub(" *([,=+]) *", r"\1", folded)


def _text(attributes: Attributes, name: str) -> str | None:
    values = attributes.get(name)
    return next(iter(_texts(values)), None) if values else None


def _first_text(attributes: Attributes, names: Sequence[str]) -> str | None:
    return next((found for name in names if (found := _text(attributes, name))), None)


def _texts(values: Sequence[bytes]) -> Iterator[str]:
    """Yield what is text of a length that somebody might have written."""
    for value in values[:_MOST_VALUES]:
        try:
            text = value.decode()
        except UnicodeDecodeError:
            continue
        if len(text) <= _MOST_TEXT:
            yield text


def _number(attributes: Attributes, name: str) -> int | None:
    """Return a number; None where there is none, and -1 for what is no number."""
    values = attributes.get(name, ())
    if not values:
        return None
    return int(values[0]) if re.fullmatch(rb"-?[0-9]{1,19}", values[0]) else -1


def _known_by(attributes: Attributes, name: str, form: bytes) -> bytes:
    values = attributes.get(name, ())
    if len(values) != 1 or re.fullmatch(form, values[0], re.DOTALL) is None:
        raise Refusal(DIRECTORY_ANSWER, problem=f"an entry without {name}")
    return values[0]


# OpenLDAP


def _openldap_id(attributes: Attributes) -> str:
    return _known_by(attributes, "entryuuid", rb"[0-9a-fA-F-]{36}").decode().lower()


def _openldap_mark(attributes: Attributes) -> str:
    found = re.match(r"([0-9]{14})(?:\.[0-9]+)?Z$", _text(attributes, "modifytimestamp") or "")
    return "" if found is None else found[1]


def _openldap_lock(attributes: Attributes) -> tuple[Lock | None, datetime | None]:
    days = _number(attributes, "shadowexpire")  # -1: never
    expires_at = None
    if days is not None and (days >= 0 or attributes["shadowexpire"][0] != b"-1"):
        expires_at = _EPOCH + timedelta(days=min(max(days, 0), 1_000_000))
    return ("locked" if attributes.get("pwdaccountlockedtime") else None), expires_at


def _openldap_changed(mark: str) -> str:
    try:
        since = datetime.strptime(mark + "Z", "%Y%m%d%H%M%S%z") - _OVERLAP
    except (ValueError, OverflowError):
        since = _EPOCH
    # A lock after too many tries is not a change to the server.
    return f"(|(modifyTimestamp>={since:%Y%m%d%H%M%SZ})(pwdAccountLockedTime=*))"


OPENLDAP = Schema(
    people="(objectClass=inetOrgPerson)",
    uid="uid",
    name=("displayname", "cn"),
    unit=("departmentnumber", "ou"),
    more=("entryuuid", "pwdaccountlockedtime", "pwdreset", "shadowexpire"),
    identify=_openldap_id,
    marked=_openldap_mark,
    find_lock=_openldap_lock,
    changed=_openldap_changed,
    mark="modifytimestamp",
    members=True,
)


# Active Directory


def _active_id(attributes: Attributes) -> str:
    return _known_by(attributes, "objectguid", rb".{16}").hex()


def _active_mark(attributes: Attributes) -> str:
    number = _number(attributes, "usnchanged")
    return "" if number is None or number < 0 else f"{number:020}"  # so that texts are ordered as the numbers are


def _active_lock(attributes: Attributes) -> tuple[Lock | None, datetime | None]:
    control = _number(attributes, "useraccountcontrol")
    computed = _number(attributes, "msds-user-account-control-computed")
    since = _number(attributes, "lockouttime")
    expires = _number(attributes, "accountexpires")
    expires_at = None
    if expires is not None and expires not in {0, _NEVER}:
        expires_at = _FILETIME_EPOCH + timedelta(microseconds=min(max(expires, 0) // 10, 2 * 10**17))
    if control is None or control < 0 or control & _DISABLED:
        return "disabled", expires_at
    locked = bool(computed & _LOCKED_OUT) if computed is not None else since not in {None, 0}
    return ("locked" if locked else None), expires_at


def _active_changed(mark: str) -> str:
    return f"(|(uSNChanged>={int(mark) + 1 if mark.isdecimal() else 0})(lockoutTime>=1))"


ACTIVE_DIRECTORY = Schema(
    people="(&(objectCategory=person)(objectClass=user))",
    uid="samaccountname",
    name=("displayname", "cn"),
    unit=("department",),
    more=(
        "objectguid",
        "useraccountcontrol",
        "msds-user-account-control-computed",
        "lockouttime",
        "accountexpires",
        "memberof",
    ),
    identify=_active_id,
    marked=_active_mark,
    find_lock=_active_lock,
    changed=_active_changed,
    mark="usnchanged",
    members=False,
)

SCHEMAS: Mapping[SchemaName, Schema] = {"openldap": OPENLDAP, "active-directory": ACTIVE_DIRECTORY}
_CONTACTS = ("mobile", "telephonenumber", "mail")
