"""Events of the audit trail as rows that a person understands: who did it to what, and each detail with what it means.

Left to others: names of details and fixed values (``detail_words``, ``value_words``), whom a name stands for (``parties``), what the act itself
is called (``event_words``). The record as it was chained stays beside it, whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

from admin_ui.detail_words import DETAILS
from admin_ui.licenses import name_of
from admin_ui.parties import Party, find_parties, shorten
from admin_ui.ports import AdminDeps, AdminVisitor, AuditEntry
from admin_ui.value_words import VALUES
from idp.administration.acts import TITLES
from idp.citizens.window import PURPOSES
from idp.claims.values import label_of
from idp.notices.telling import TEXTS
from idp.owed_events import PREFIX
from kernel.canonical import Json
from kernel.clock import parse_rfc3339
from kernel.errors import CATALOGUE, Text
from licenses.life.transitions import ISSUE, TRANSITIONS
from policies.licenses import find_act, find_reason

Value: TypeAlias = str | int | datetime | Text | Party
_YES, _NO = Text("是", "yes"), Text("否", "no")
_MOMENTS = frozenset({"at", "ends_at", "expires_at", "issued_at", "not_after"})
_NAMED = {
    "clients": "client",
    "department": "department",
    "departments": "department",
    "issuer": "department",
    "node": "node",
    "organization": "account",
    "peer": "node",
    "sender": "node",
}
"""Details that hold an identifier of something without saying of what."""
_PLACE = re.compile(r"\{\w+\}")


class _Words(Protocol):
    """What has words in both languages."""

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail: as it is recorded (``name``), in words, and what it says."""

    name: str
    words: Text
    values: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Row:
    """An event in words. ``raw`` is the record as it is stored and chained."""

    entry: AuditEntry
    actor: Party | None
    target: Party | None
    details: Sequence[Detail]
    raw: str


def tell(deps: AdminDeps, visitor: AdminVisitor, entries: Sequence[AuditEntry]) -> Sequence[Row]:
    """Return the events as ``visitor`` may read them."""
    parties = find_parties(deps, visitor, (name for entry in entries for name in _names(entry)))
    return [
        Row(
            entry,
            parties.get(entry.event.actor),
            parties.get(entry.event.target),
            tuple(_details(deps, parties, entry.event.details)),
            json.dumps(entry.event.as_json(), ensure_ascii=False, indent=2),
        )
        for entry in entries
    ]


def _names(entry: AuditEntry) -> Iterator[str]:
    yield from (entry.event.actor, entry.event.target)
    for name, value in entry.event.details.items():
        yield from (_as_party(name, one) for one in _each(value) if isinstance(one, str))


def _as_party(name: str, text: str) -> str:
    return f"{_NAMED[name]}:{text}" if name in _NAMED else text


def _each(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else [value]


def _details(deps: AdminDeps, parties: Mapping[str, Party], details: Mapping[str, Json]) -> Iterator[Detail]:
    for name, value in details.items():
        values = [_mean(deps, parties, details, name, one) for one in _each(value) if one is not None and one != ""]
        if values:
            yield Detail(name, DETAILS.get(name, Text(name, name)), values)


def _mean(deps: AdminDeps, parties: Mapping[str, Party], details: Mapping[str, Json], name: str, value: Json) -> Value:
    """Return what one value of a detail means; as it is recorded where it has no other meaning."""
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, int) and name != "level":
        return _since_1970(value) if name in _MOMENTS else value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if name in _MOMENTS:
        return _moment(text)
    party = parties.get(_as_party(name, text))
    if party is not None:
        return party
    found = _chosen(deps, details, name, text)
    return shorten(text) if found is None else found


def _since_1970(seconds: int) -> Value:
    """Return the moment that another node told as a NumericDate."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return seconds


def _moment(text: str) -> Value:
    try:
        return parse_rfc3339(text)
    except ValueError:  # another node's words
        return text


def _chosen(deps: AdminDeps, details: Mapping[str, Json], name: str, text: str) -> Text | None:
    """Return the words of a value that one chooses from a list: a fixed one, the policies', or a room's own."""
    fixed = VALUES.get(name, {}).get(text.removeprefix(PREFIX))
    if fixed is not None:
        return fixed
    if name == "reason":
        return _reason(deps, str(details.get("name", "")), text)
    source = _SOURCES.get(name)
    return None if source is None else source(deps, text)


def _reason(deps: AdminDeps, act: str, code: str) -> Text | None:
    known = next((one for one in TRANSITIONS if one == act), None)
    rules = None if known is None else find_act(deps.policies.licenses, known)
    return None if rules is None else _both(find_reason(rules, code))


def _both(named: _Words | None) -> Text | None:
    """Return the words of something that has them; places in them, whose values were not recorded, are left open."""
    return None if named is None else Text(_PLACE.sub("…", named.zh), _PLACE.sub("…", named.en))


def _level(deps: AdminDeps, number: str) -> Text | None:
    found = next((one for one in deps.policies.assurance.real_name_levels if str(one.number) == number), None)
    return None if found is None else Text(f"{number}（{found.zh}）", f"{number} ({found.en})")


def _error(_deps: AdminDeps, code: str) -> Text | None:
    known = CATALOGUE.get(code)
    return None if known is None else _both(known.message)


def _act(_deps: AdminDeps, name: str) -> Text | None:
    if name == "issue":
        return ISSUE
    return next((each.words for known, each in TRANSITIONS.items() if known == name), None)


def _scope(deps: AdminDeps, name: str) -> Text | None:
    return _both(deps.policies.claims.scopes.get(name))


def _role(deps: AdminDeps, name: str) -> Text | None:
    return _both(deps.policies.roles.roles.get(name))


def _type(deps: AdminDeps, code: str) -> Text:
    return name_of(deps.licenses, code)


_SOURCES: Mapping[str, Callable[[AdminDeps, str], Text | None]] = {
    "acr": lambda deps, text: _both(next((one for one in deps.policies.assurance.levels if one.acr == text), None)),
    "act": lambda _deps, text: next((words for act, words in TITLES.items() if act == text), None),
    "claims": lambda _deps, text: label_of(text),
    "code": _error,
    "declined": _scope,
    "error": _error,
    "failure": _error,
    "level": _level,
    "method": lambda deps, text: _both(deps.policies.assurance.proofing.get(text)),
    "name": _act,
    "powers": _scope,
    "purpose": lambda deps, text: PURPOSES.get(text) or _both(deps.policies.roles.purposes.get(text)),
    "role": _role,
    "roles": _role,
    "scopes": _scope,
    "type": _type,
    "types": _type,
    "what": lambda _deps, text: _both(TEXTS.get(text)),
}
"""Where the words of other values stand."""
