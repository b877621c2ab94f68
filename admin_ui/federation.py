"""The other nodes as the console shows them: how well they can be heard, what was agreed with them, and a drawing of both.

Left to others: fetching, agreeing, judging (``crosscert``), words and colours (``templates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from admin_ui.overview import Kind
from crosscert.ports import CrosscertDeps
from crosscert.records import Agreement, Peer

ROW = 88
"""Height of a row of the drawing, in its own units."""
COLUMNS = (110, 400, 690)
"""Where the drawing's columns stand: this node, nodes that it certified, nodes beyond a bridge."""


@dataclass(frozen=True, slots=True)
class PeerState:
    """A peer, and whether what is held of it may still decide something.

    ``ok``: the last fetch succeeded. ``warn``: it failed, what is held is recent enough. ``bad``: verification of its licences
    is refused. ``lists_until`` is when the first of its revocation lists ends, None while there are none.
    """

    peer: Peer
    kind: Kind
    lists_until: datetime | None


@dataclass(frozen=True, slots=True)
class AgreementState:
    """An agreement and how many admins' approval it needs; ``waiting`` while one is still missing."""

    agreement: Agreement
    needed: int

    @property
    def waiting(self) -> bool:
        """Whether an admin's approval is wanted."""
        return self.agreement.state == "requested"


@dataclass(frozen=True, slots=True)
class Dot:
    """A node of the drawing. ``kind`` is None for this node itself."""

    code: str
    name: str
    x: int
    y: int
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A line of the drawing: who knows whom by whose certificate."""

    start: Dot
    end: Dot
    kind: Kind


@dataclass(frozen=True, slots=True)
class Drawing:
    """The federation as this node sees it."""

    width: int
    height: int
    dots: Sequence[Dot]
    edges: Sequence[Edge]


def list_peers(deps: CrosscertDeps, at: datetime, max_age: timedelta) -> Sequence[PeerState]:
    """Return all peers, the agreed ones first; what is older than ``max_age`` decides nothing any more."""
    with deps.work.read() as work:
        peers, lists = work.records.peers(), work.records.crls()
    ends: dict[str, datetime] = {}
    for held in lists:
        if held.next_update is not None:
            ends[held.node_code] = min(held.next_update, ends.get(held.node_code, held.next_update))
    return [PeerState(peer, peer_kind(peer, at, max_age), ends.get(peer.node.code)) for peer in peers]


def list_agreements(deps: CrosscertDeps) -> Sequence[AgreementState]:
    """Return all agreements, the newest request first."""
    with deps.work.read() as work:
        return [AgreementState(agreement, deps.policies.cross_certificates.approvers) for agreement in work.records.agreements()]


def peer_kind(peer: Peer, at: datetime, max_age: timedelta) -> Kind:
    """Return how well a peer can be heard at ``at``."""
    if peer.last_ok_at is None or at - peer.last_ok_at > max_age:
        return "bad"
    return "warn" if peer.last_error else "ok"


def draw(name: str, code: str, peers: Sequence[PeerState]) -> Drawing:
    """Return this node, those that it certified and those beyond them in three columns, each centred."""
    agreed = [state for state in peers if state.peer.relation == "agreed"]
    beyond = [state for state in peers if state.peer.relation == "member"]
    height = ROW * max(1, len(agreed), len(beyond))
    own = Dot(code, name, COLUMNS[0], height // 2, None)
    near = _column(agreed, COLUMNS[1], height)
    far = _column(beyond, COLUMNS[2], height)
    places = {dot.code: dot for dot in near}
    edges = [Edge(own, dot, state.kind) for dot, state in zip(near, agreed, strict=True)]
    edges += [
        Edge(places.get(state.peer.learned_from or "", own), dot, state.kind) for dot, state in zip(far, beyond, strict=True)
    ]
    width = COLUMNS[2 if far else 1] + COLUMNS[0]
    return Drawing(width, height, [own, *near, *far], edges)


def _column(states: Sequence[PeerState], x: int, height: int) -> list[Dot]:
    gap = height / max(1, len(states))
    return [
        Dot(state.peer.node.code, state.peer.node.name, x, round(gap * (row + 0.5)), state.kind)
        for row, state in enumerate(states)
    ]
