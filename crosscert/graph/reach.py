"""What this node trusts of every place: which of its own levels, along which path, asked of the engine by trying.

Under each issuing CA of a place a leaf is made for each of the place's policies, and the engine is asked as it is asked of a real seal:
is it good for this level or a stronger one? Left to others: lies that must be refused (``refusals``), words and JSON (``crosscert.plan``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from crosscert.graph.places import Place
from crosscert.graph.probes import PROBE, Hand, Wish, below, sign
from crosscert.graph.shadow import Key
from crosscert.graph.world import World
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl
from crosscert.paths.find import find_path
from crosscert.paths.records import PathRequest, PathVerdict, Reason
from policies.certificates import levels_at_least, policy_oid

_LEAF: Key = b"leaf"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A policy of another domain that counts as one of the own levels. ``via`` are the places on the way, this node's first.

    ``edges`` are the digests of the shadow's cross-certificates on the way, ``by`` is the issuing CA that was tried.
    """

    policy: str
    level: str
    via: tuple[str, ...]
    edges: tuple[str, ...]
    by: Hand = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Reach:
    """What is trusted of a place. ``license_types`` are codes; ``reason`` says why nothing is, and is None otherwise."""

    key: Key
    name: str
    code: str | None
    accepted: tuple[Accepted, ...]
    license_types: tuple[str, ...]
    reason: Reason | None

    @property
    def levels(self) -> tuple[str, ...]:
        """The own levels that something of the place counts as."""
        return tuple(dict.fromkeys(each.level for each in self.accepted))


def reach(world: World, only: Collection[Key] | None = None) -> Sequence[Reach]:
    """Return what the viewer trusts of each place, or of ``only`` some: this node first, then by area code."""
    return [_reach(world, place) for place in world.places if only is None or place.key in only]


def make_leaf(world: World, wish: Wish, hand: Hand) -> ParsedCertificate:
    """Return a leaf that says ``wish``; the same in every state of one shadow, so that nothing is judged twice."""
    leaves, place = world.shadow.leaves, (wish, hand.name, hand.identifier)
    if place not in leaves:
        leaves[place] = sign(wish, hand, world.shadow.keys.of(_LEAF).public_key(), world.at)
    return leaves[place]


def ask(
    world: World,
    leaf: ParsedCertificate,
    level: str,
    *,
    certificates: Iterable[ParsedCertificate] = (),
    lists: Iterable[ParsedCrl] = (),
) -> PathVerdict:
    """Return the engine's verdict on a leaf, on ``level`` or a stronger one."""
    policies, code = world.deps.policies, world.viewer.code or ""
    wanted = frozenset(policy_oid(policies, code, name) for name in levels_at_least(policies, level))
    pool, crls = world.pool.with_more(certificates), world.crls.with_more(lists)
    return find_path(leaf, world.anchor, pool, crls, PathRequest(world.at, wanted))


def _reach(world: World, place: Place) -> Reach:
    accepted, reason = [], None
    for policy in place.policies:
        found, why = _level_of(world, place, policy)
        if found is not None:
            accepted.append(found)
        reason = reason or why
    levels = world.deps.policies.levels
    accepted.sort(key=lambda each: (levels[each.level].number, each.policy))
    strongest = max((levels[each.level].number for each in accepted), default=0)
    types = tuple(kind.code for kind in world.deps.find_license_types() if levels[kind.seal_level].number <= strongest)
    return Reach(place.key, place.name, place.code, tuple(accepted), types, None if accepted else reason)


def _level_of(world: World, place: Place, policy: str) -> tuple[Accepted | None, Reason | None]:
    """Return the strongest level that a policy of the place counts as; otherwise why not even the weakest."""
    levels = sorted(world.deps.policies.levels, key=lambda name: -world.deps.policies.levels[name].number)
    wish = Wish(below(place.subtree, PROBE), (policy,))
    leaves = [(hand, make_leaf(world, wish, hand)) for hand in place.issuers]
    reason = None
    for level in levels:
        for hand, leaf in leaves:
            verdict = ask(world, leaf, level)
            if verdict.valid:
                return _accepted(world, policy, level, hand, verdict), None
            reason = verdict.reason
    return None, None if reason is None else _real(world, reason)


def _real(world: World, reason: Reason) -> Reason:
    """Return the reason with the real certificate in it in place of the shadow's."""
    found = None if reason.certificate is None else world.by_digest.get(reason.certificate.sha256)
    return reason if found is None or found.real is None else replace(reason, certificate=found.real)


def _accepted(world: World, policy: str, level: str, hand: Hand, verdict: PathVerdict) -> Accepted:
    names = {place.key: place.name for place in world.places}
    crossed = [
        each for found in verdict.certificates if (each := world.by_digest.get(found.sha256)) is not None and each.is_cross
    ]
    via = (world.viewer.name, *(names[world.owners.of(each.subject)] for each in crossed))
    return Accepted(policy, level, via, tuple(each.certificate.sha256 for each in crossed), hand)
