"""The graph as it is told: nodes with their health and what is trusted of them, edges with what they permit and how they stand.

The JSON form has a version and only grows. Left to others: where things stand in the picture (``layout``), drawing it (``svg``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from crosscert.graph.edges import Edge, edges
from crosscert.graph.places import Place
from crosscert.graph.reach import Accepted, Reach, reach
from crosscert.graph.shadow import Key, cast_shadow
from crosscert.graph.world import World, make_world
from crosscert.material import gather
from crosscert.paths.certificates import ParsedCertificate
from crosscert.ports import CrosscertDeps
from crosscert.records import Peer
from kernel.canonical import Json
from kernel.clock import rfc3339

VERSION = 1
Relation: TypeAlias = Literal["own", "agreed", "member", "outside"]
"""``outside``: a root that somebody certified and that no known node calls its own."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node as this one sees it. ``reach`` is what is trusted of it, None when nothing leads there."""

    key: Key
    name: str
    code: str | None
    relation: Relation
    peer: Peer | None
    reach: Reach | None

    @property
    def is_failing(self) -> bool:
        """Whether nothing of it is trusted, or it was not heard when last asked."""
        trusted = self.reach is not None and bool(self.reach.accepted)
        return not trusted or (self.peer is not None and self.peer.last_error is not None)

    def as_json(self) -> dict[str, Json]:
        """Return the JSON form."""
        peer, found = self.peer, self.reach
        return {
            "key": self.key.hex(),
            "code": self.code,
            "name": self.name,
            "relation": self.relation,
            "url": None if peer is None else peer.node.url,
            "learned_from": None if peer is None else peer.learned_from,
            "last_ok_at": None if peer is None or peer.last_ok_at is None else rfc3339(peer.last_ok_at),
            "last_error": None if peer is None else peer.last_error,
            "levels": [] if found is None else list(found.levels),
            "policies": [] if found is None else [{"policy": each.policy, "level": each.level} for each in found.accepted],
            "license_types": [] if found is None else list(found.license_types),
            "via": list(found.accepted[-1].via) if found is not None and found.accepted else [],
            "reason": None if found is None or found.reason is None else found.reason.as_json(),
        }


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """A cross-certificate between two nodes, told by their keys. ``levels`` are those of this node that paths over it end with."""

    edge: Edge
    issuer: Key
    subject: Key
    levels: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {
            "issuer": self.issuer.hex(),
            "subject": self.subject.hex(),
            **self.edge.as_json(),
            "levels": list(self.levels),
        }


@dataclass(frozen=True, slots=True)
class Graph:
    """The graph at a moment, as this node sees it: this node first."""

    at: datetime
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {
            "version": VERSION,
            "at": rfc3339(self.at),
            "nodes": [node.as_json() for node in self.nodes],
            "edges": [edge.as_json() for edge in self.edges],
        }


def see(deps: CrosscertDeps, at: datetime) -> Graph:
    """Return the graph as it stands at ``at``: nothing is taken for granted, what was not fetched is not trusted."""
    material = gather(deps, at)
    with deps.work.read() as work:
        known = work.records.peers()
    world = make_world(deps, cast_shadow(material), material.principals, at, complete=False)
    peers = {world.owners.of(bytes.fromhex(peer.principal_key)): peer for peer in known if peer.principal_key is not None}
    reached = {each.key: each for each in reach(world)}
    nodes = {place.key: _node(place, peers.get(place.key), reached[place.key], world) for place in world.places}
    for key, peer in peers.items():
        nodes.setdefault(key, GraphNode(key, peer.node.name, peer.node.code, peer.relation, peer, None))
    levels = _levels(world, reached.values())
    found = [
        GraphEdge(edge, world.owners.of(edge.issuer), world.owners.of(edge.subject), levels.get(edge.certificate.sha256, ()))
        for edge in edges(material, at)
    ]
    return Graph(at, tuple(nodes.values()), tuple(each for each in found if {each.issuer, each.subject} <= nodes.keys()))


def _node(place: Place, peer: Peer | None, found: Reach, world: World) -> GraphNode:
    relation: Relation = "own" if place is world.viewer else peer.relation if peer is not None else "outside"
    return GraphNode(place.key, place.name, place.code, relation, peer, found)


def real_edges(world: World, accepted: Accepted) -> Sequence[ParsedCertificate]:
    """Return the real cross-certificates on the way."""
    found = (world.by_digest[digest].real for digest in accepted.edges)
    return [each for each in found if each is not None]


def _levels(world: World, reached: Iterable[Reach]) -> Mapping[str, tuple[str, ...]]:
    """Return the levels with which paths over each real edge end, the weakest first."""
    order = world.deps.policies.levels
    found: dict[str, set[str]] = {}
    for accepted in (each for state in reached for each in state.accepted):
        for real in real_edges(world, accepted):
            found.setdefault(real.sha256, set()).add(accepted.level)
    return {digest: tuple(sorted(levels, key=lambda name: order[name].number)) for digest, levels in found.items()}
