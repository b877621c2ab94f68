"""Lies that are tried on the graph: for every place that a cross-certificate leads to, what must not become valid, and what it leaves open.

Each case is one row of ``CASES``. Left to others: what is trusted (``reach``), words and JSON (``crosscert.plan_format``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from cryptography import x509

from crosscert.graph.places import Place
from crosscert.graph.probes import PROBE, Hand, Wish, below, empty_list, hand_of, sign
from crosscert.graph.reach import Reach, ask, make_leaf
from crosscert.graph.world import World
from crosscert.paths.certificates import ParsedCertificate
from crosscert.paths.crls import ParsedCrl
from pki.names import is_within, x509_name
from pki.policy_mappings import ANY_POLICY
from pki.records import Names

_ELSEWHERE = x509_name((("C", "CN"), ("ST", "别处"), ("O", "别处")))
_STRANGER: Names = (("OU", "陌生节点"), ("CN", "根CA"))
_SIBLINGS = 3


@dataclass(frozen=True, slots=True)
class Lie:
    """A leaf that is tried: what it says, who signs it, on which level it is asked about, the CAs between that come with it.

    ``of`` names whom it is about. ``allowed``: that it is accepted follows from what the place is for, and is told, not a fault.
    """

    wish: Wish
    hand: Hand
    level: str
    certificates: Sequence[ParsedCertificate] = ()
    lists: Sequence[ParsedCrl] = ()
    of: str = ""
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a case at a place: ``reason`` is the engine's code, None when it was accepted."""

    place: str
    case: str
    of: str
    reason: str | None
    allowed: bool

    @property
    def is_fault(self) -> bool:
        """Whether something was accepted that must never be."""
        return self.reason is None and not self.allowed


@dataclass(frozen=True, slots=True)
class Ground:
    """A place of which something is accepted over a cross-certificate, and what."""

    world: World
    place: Place
    reach: Reach

    @property
    def policies(self) -> tuple[str, ...]:
        """The policy of the place that counts as the strongest level."""
        return (self.reach.accepted[-1].policy,)

    def lie(self, wish: Wish, *, of: str = "", allowed: bool = False) -> Lie:
        """Return a lie by the place's issuing CA, asked on the strongest level that is accepted of the place."""
        last = self.reach.accepted[-1]
        return Lie(wish, last.by, last.level, of=of, allowed=allowed)

    def named(self, name: x509.Name, *, of: str = "", allowed: bool = False) -> Lie:
        """Return a leaf below ``name`` that is otherwise as it should be."""
        return self.lie(Wish(below(name, PROBE), self.policies), of=of, allowed=allowed)

    def saying(self, policies: tuple[str, ...]) -> Lie:
        """Return a leaf of the place with these policies."""
        return self.lie(Wish(below(self.place.subtree, PROBE), policies))


Case: TypeAlias = Callable[[Ground], Iterator[Lie]]


def outside_name(ground: Ground) -> Iterator[Lie]:
    """Try a name that lies in nobody's subtree."""
    yield ground.named(_ELSEWHERE)


def other_name(ground: Ground) -> Iterator[Lie]:
    """Try the name of another node: this one's first, then siblings'."""
    places, place = ground.world.places, ground.place
    others = [each for each in places if each is not place and not is_within(each.subtree, place.subtree)]
    for other in others[:_SIBLINGS]:
        yield ground.named(other.subtree, of=other.name)


def own_name(ground: Ground) -> Iterator[Lie]:
    """Try this node's own name where it lies within the place's subtree: a bridge could write it."""
    own = ground.world.places[0]
    if is_within(own.subtree, ground.place.subtree):
        yield ground.named(own.subtree, of=own.name, allowed=True)


def outside_host(ground: Ground) -> Iterator[Lie]:
    """Try a host that is not the place's."""
    yield ground.lie(Wish(below(ground.place.subtree, PROBE), ground.policies, hosts=("elsewhere.example",)))


def unmapped_policy(ground: Ground) -> Iterator[Lie]:
    """Try a policy of the place's domain that nobody maps."""
    yield ground.saying(tuple(f"{oid}.999" for oid in ground.policies))


def any_policy(ground: Ground) -> Iterator[Lie]:
    """Try anyPolicy in place of a policy."""
    yield ground.saying((ANY_POLICY,))


def no_policy(ground: Ground) -> Iterator[Lie]:
    """Try no policy at all."""
    yield ground.saying(())


def weaker_level(ground: Ground) -> Iterator[Lie]:
    """Try a weaker certificate in place of a stronger one, as a server's for a seal."""
    if len(ground.reach.levels) > 1:
        yield ground.saying((ground.reach.accepted[0].policy,))


def expired(ground: Ground) -> Iterator[Lie]:
    """Try a certificate that is over."""
    over = ground.world.at - timedelta(days=1)
    yield ground.lie(Wish(below(ground.place.subtree, PROBE), ground.policies, not_after=over))


def longer_path(ground: Ground) -> Iterator[Lie]:
    """Try one CA more below the root than the cross-certificate's path length allows."""
    world, place, last = ground.world, ground.place, ground.reach.accepted[-1]
    edge = world.by_digest[last.edges[-1]].certificate
    hand, certificates, lists = place.root, [], []
    for number in range((edge.path_length or 0) + 1):
        subject = below(place.subtree, (("CN", f"下级CA {number + 1}"),))
        hand, certificate, empty = _further_ca(world, hand, Wish(subject, place.policies, is_ca=True), b"deeper%d" % number)
        certificates.append(certificate)
        lists.append(empty)
    yield Lie(Wish(below(place.subtree, PROBE), ground.policies), hand, last.level, certificates, lists)


def stranger_outside(ground: Ground) -> Iterator[Lie]:
    """Try a node with a name outside of the subtree, which the place certifies."""
    yield _stranger(ground, _ELSEWHERE)


def stranger_inside(ground: Ground) -> Iterator[Lie]:
    """Try a node within the subtree, which the place certifies without anybody here being asked: what a bridge is for."""
    yield _stranger(ground, ground.place.subtree, allowed=True)


CASES: tuple[tuple[str, Case], ...] = (
    ("outside_name", outside_name),
    ("other_name", other_name),
    ("outside_host", outside_host),
    ("unmapped_policy", unmapped_policy),
    ("any_policy", any_policy),
    ("no_policy", no_policy),
    ("weaker_level", weaker_level),
    ("expired", expired),
    ("longer_path", longer_path),
    ("stranger_outside", stranger_outside),
    ("stranger_inside", stranger_inside),
    ("own_name", own_name),
)


def try_lies(world: World, place: Place, reach: Reach) -> Iterator[Tried]:
    """Try every case at a place of which something is accepted over a cross-certificate."""
    ground = Ground(world, place, reach)
    for code, case in CASES:
        for lie in case(ground):
            leaf = make_leaf(world, lie.wish, lie.hand)
            verdict = ask(world, leaf, lie.level, certificates=lie.certificates, lists=lie.lists)
            yield Tried(place.name, code, lie.of, None if verdict.reason is None else verdict.reason.code, lie.allowed)


def _further_ca(world: World, hand: Hand, wish: Wish, label: bytes) -> tuple[Hand, ParsedCertificate, ParsedCrl]:
    """Return a CA that ``hand`` certifies: who signs as it, its certificate, its empty list."""
    key = world.shadow.keys.of(label)
    certificate = sign(wish, hand, key.public_key(), world.at)
    made = hand_of(certificate, key)
    return made, certificate, empty_list(made, world.at)


def _stranger(ground: Ground, name: x509.Name, *, allowed: bool = False) -> Lie:
    world, place, last = ground.world, ground.place, ground.reach.accepted[-1]
    theirs = tuple(f"{oid}.1" for oid in place.policies)
    mappings = tuple(zip(place.policies, theirs, strict=True))
    crossing = Wish(below(name, _STRANGER), place.policies, is_ca=True, mappings=mappings)
    root, certificate, empty = _further_ca(world, place.root, crossing, b"stranger")
    inside = below(name, (_STRANGER[0], ("CN", "签发CA")))
    hand, issuer, another = _further_ca(world, root, Wish(inside, theirs, is_ca=True, path_length=0), b"stranger's issuing CA")
    wish = Wish(below(name, (_STRANGER[0], PROBE[1])), (f"{last.policy}.1",))
    return Lie(wish, hand, last.level, [certificate, issuer], [empty, another], allowed=allowed)
