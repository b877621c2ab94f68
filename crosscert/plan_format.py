"""The form of a plan: a value that never changes, its JSON, its text for people, and the digest that approvals are bound to.

The JSON has no moments, serials or keys in it: the same graph and proposal give the same digest tomorrow, another graph another one.

Left to others: computing it (``plan``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from crosscert.graph.reach import Reach
from crosscert.graph.refusals import Tried
from kernel import canonical
from kernel.canonical import Json
from kernel.errors import Text

VERSION = 1
Kind: TypeAlias = Literal["issue", "revoke"]

CASES: dict[str, Text] = {
    "outside_name": Text("允许范围之外的名称", "a name outside of every permitted subtree"),
    "other_name": Text("冒用“{of}”的名称", "a name of {of}"),
    "outside_host": Text("允许范围之外的主机名", "a host name that is not its own"),
    "unmapped_policy": Text("没有映射的策略", "a policy that is not mapped"),
    "any_policy": Text("anyPolicy", "anyPolicy"),
    "no_policy": Text("不含任何策略", "no policy at all"),
    "weaker_level": Text("以低等级证书（如服务器证书）充当高等级", "a weaker certificate, as a server's for a seal"),
    "expired": Text("已过期的证书", "an expired certificate"),
    "longer_path": Text("比允许的更长的证书链", "a longer path than permitted"),
    "stranger_outside": Text("它所认证的、名称在范围之外的节点", "a node outside of its subtree that it certifies"),
    "stranger_inside": Text("它今后认证的、名称在其范围之内的节点", "any node within its subtree that it will certify"),
    "own_name": Text("以“{of}”的名称签发的证书", "certificates in the name of {of}"),
}
"""What is tried, in words; the codes are those of ``graph.refusals``."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of the graph does to one place. Levels are this node's; ``via`` is told when only the way changes."""

    name: str
    code: str | None
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    types_gained: tuple[str, ...]
    types_lost: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def is_way_only(self) -> bool:
        """Whether the place is trusted as before, along another path."""
        return not (self.gained or self.lost)

    def as_json(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {
            "node": {"code": self.code, "name": self.name},
            "levels_gained": list(self.gained),
            "levels_lost": list(self.lost),
            "license_types_gained": list(self.types_gained),
            "license_types_lost": list(self.types_lost),
            "via_before": list(self.before),
            "via_after": list(self.after),
        }


@dataclass(frozen=True, slots=True)
class Dependant:
    """Another node that reaches others over the edge, and what changes for it."""

    name: str
    code: str | None
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {"node": {"code": self.code, "name": self.name}, "changes": [change.as_json() for change in self.changes]}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change does. ``edge`` says which cross-certificate it is about.

    ``tried`` is what must not become valid, and what is left open. ``assumed`` names the nodes whose lists or issuing CA were never
    fetched and are taken for granted. ``type_names`` are the licence types' names by code.
    """

    kind: Kind
    edge: Mapping[str, Json]
    before: tuple[Reach, ...]
    after: tuple[Reach, ...]
    tried: tuple[Tried, ...]
    dependants: tuple[Dependant, ...]
    assumed: tuple[str, ...]
    type_names: Mapping[str, Text]

    @property
    def changes(self) -> Sequence[Change]:
        """What becomes valid and what breaks, place by place."""
        return difference(self.before, self.after)

    @property
    def faults(self) -> Sequence[Tried]:
        """What would be accepted and must not be: with any of these the change must not be made."""
        return [each for each in self.tried if each.is_fault]

    @property
    def openings(self) -> Sequence[Tried]:
        """What is left open to the other node because of what it is for."""
        return [each for each in self.tried if each.reason is None and each.allowed]

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) over the canonical JSON: what an approval is bound to.

        Without the reasons: of several ways that fail, which one is told about is chance.
        """
        return canonical.digest(_without_reasons(self.as_json())).hex()

    def as_json(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {
            "version": VERSION,
            "kind": self.kind,
            "edge": dict(self.edge),
            "changes": [change.as_json() for change in self.changes],
            "after": [reach_json(each) for each in self.after],
            "refused": [_tried_json(each) for each in self.tried if each.reason is not None],
            "left_open": [_tried_json(each) for each in self.openings],
            "faults": [_tried_json(each) for each in self.faults],
            "dependants": [each.as_json() for each in self.dependants],
            "assumed": list(self.assumed),
        }

    def as_text(self) -> str:
        """Return the plan for a terminal, in both languages."""
        return "\n".join(
            [
                *_head(self),
                *_section("将变为有效 becomes valid", [self._change(each, gained=True) for each in self.changes if each.gained]),
                *_section("不再有效 breaks", [self._change(each, gained=False) for each in self.changes if each.lost]),
                *_section("其他节点经此将信任 other nodes gain", self._of_others(gained=True)),
                *_section("其他节点不再信任 other nodes lose", self._of_others(gained=False)),
                *_section("改走其他路径 goes another way", [_way(each) for each in self.changes if each.is_way_only]),
                *_section("为它留出的余地 left open to it", [_case(each) for each in self.openings]),
                *_section(
                    "已试，不会有效 tried and refused", [f"{_case(each)}  → {each.reason}" for each in self.tried if each.reason]
                ),
                *_section("！不应有效却有效 accepted and must not be", [_case(each) for each in self.faults]),
                *_section("未取得、按已有推定 taken for granted, nothing fetched yet", self.assumed),
                f"摘要 digest: {self.digest}",
            ]
        )

    def _of_others(self, *, gained: bool) -> list[str]:
        return [
            f"{each.name}: {self._change(change, gained=gained)}"
            for each in self.dependants
            for change in each.changes
            if (change.gained if gained else change.lost)
        ]

    def _change(self, change: Change, *, gained: bool) -> str:
        levels = change.gained if gained else change.lost
        types = change.types_gained if gained else change.types_lost
        names = "、".join(self.type_names[code].zh for code in types)
        way = " → ".join(change.after if gained else change.before)
        return f"{change.code or '—'} {change.name}  [{', '.join(levels)}]  {way}" + (f"\n      {names}" if names else "")


def difference(before: Sequence[Reach], after: Sequence[Reach]) -> Sequence[Change]:
    """Return what differs between two states of the graph: levels, licence types and ways, place by place."""
    then, now = ({each.key: each for each in states} for states in (before, after))
    changes = []
    for key in dict.fromkeys((*now, *then)):
        old, new = then.get(key), now.get(key)
        one = new or old
        if one is None or (_facts(old) == _facts(new)):
            continue
        levels, types, ways = zip(_facts(old), _facts(new), strict=True)
        changes.append(
            Change(
                one.name, one.code, _only(levels[1], levels[0]), _only(*levels), _only(types[1], types[0]), _only(*types), *ways
            )
        )
    return changes


def reach_json(reach: Reach) -> dict[str, Json]:
    """Return what is trusted of a place."""
    return {
        "node": {"code": reach.code, "name": reach.name},
        "levels": list(reach.levels),
        "accepted": [{"policy": each.policy, "level": each.level, "via": list(each.via)} for each in reach.accepted],
        "license_types": list(reach.license_types),
        "reason": None if reach.reason is None else reach.reason.code,
    }


def _without_reasons(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: _without_reasons(each) for name, each in value.items() if name != "reason"}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_without_reasons(each) for each in value]
    return value


def _facts(reach: Reach | None) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    if reach is None:
        return (), (), ()
    return reach.levels, reach.license_types, reach.accepted[-1].via if reach.accepted else ()


def _only(here: Sequence[str], there: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in here if each not in there)


def _tried_json(tried: Tried) -> dict[str, Json]:
    return {"node": tried.place, "case": tried.case, "of": tried.of, "reason": tried.reason}


def _head(plan: Plan) -> list[str]:
    verb = "签发 issue" if plan.kind == "issue" else "吊销 revoke"
    return [f"{verb}: {plan.edge['issuer']} → {plan.edge['subject']}"]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"  {title} ({len(lines)})", *(f"    {line}" for line in lines)] if lines else []


def _way(change: Change) -> str:
    return f"{change.code or '—'} {change.name}  {' → '.join(change.before)}  ⇒  {' → '.join(change.after)}"


def _case(tried: Tried) -> str:
    words = CASES[tried.case].fill({"of": tried.of})
    return f"{tried.place}: {words.zh} {words.en}"
