"""Where nodes and edges stand in the picture: the bridge in the middle, the others around it on rings.

An edge between the bridge and another node is straight, beside its way back, and its label is a line of the other node's card, so that
labels never lie upon each other however many nodes there are. Other edges are bent and carry their label themselves.

Left to others: what is drawn (``view``), how it looks (``svg``).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosscert.graph.shadow import Key
from crosscert.graph.view import Graph, GraphEdge, GraphNode

WIDTH, HEIGHT, LINE = 308, 62, 18
"""Width of a node's card, height of one without labels, height of a label's line."""
_RING = 14
"""How many nodes stand on one ring before the next begins."""
_RADIUS = (410, 230)
_NEXT = (360, 230)
_MARGIN = 45
_APART = 10.0
_BEND = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the picture."""

    x: float
    y: float

    def plus(self, x: float, y: float) -> Point:
        """Return the point so much further right and down."""
        return Point(self.x + x, self.y + y)


@dataclass(frozen=True, slots=True)
class Card:
    """A node's card: its middle, the edges whose labels stand on it."""

    middle: Point
    labels: tuple[GraphEdge, ...]

    @property
    def height(self) -> float:
        """Its height."""
        return HEIGHT + LINE * len(self.labels)


@dataclass(frozen=True, slots=True)
class Line:
    """An edge: a curve from border to border with its control point; where its label stands, None when that is on a card."""

    edge: GraphEdge
    start: Point
    control: Point
    end: Point
    label: Point | None


@dataclass(frozen=True, slots=True)
class Layout:
    """The picture: its size, the cards by the nodes' keys, the edges."""

    width: float
    height: float
    cards: Mapping[Key, Card]
    lines: Sequence[Line]


def lay_out(graph: Graph) -> Layout:
    """Return the layout; the same graph always gives the same one."""
    middle = _middle(graph)
    places = _places(graph, middle)
    left, top = (min(getattr(each, axis) for each in places.values()) for axis in ("x", "y"))
    cards = {}
    for node in graph.nodes:
        labels = [each for each in graph.edges if node is not middle and _ends(each) == {node.key, middle.key}]
        place = places[node.key].plus(WIDTH / 2 + _MARGIN - left, HEIGHT / 2 + LINE + _MARGIN - top)
        cards[node.key] = Card(place, tuple(labels))
    lines = _lines(graph, middle, cards)
    width = max(card.middle.x for card in cards.values()) + WIDTH / 2 + _MARGIN
    height = max(card.middle.y + card.height / 2 for card in cards.values()) + _MARGIN
    return Layout(width, height, cards, lines)


def _middle(graph: Graph) -> GraphNode:
    """Return the node with the most edges: a bridge. Among equals this node comes first."""
    degree = Counter(key for each in graph.edges for key in (each.issuer, each.subject))
    return max(graph.nodes, key=lambda node: degree[node.key])


def _places(graph: Graph, middle: GraphNode) -> dict[Key, Point]:
    """Return the middles of the cards around the point of origin: this node at the left, then clockwise by area code."""
    others = sorted(
        (node for node in graph.nodes if node is not middle), key=lambda node: (node.relation != "own", node.code or "")
    )
    places = {middle.key: Point(0, 0)}
    grown = max(1.0, min(len(others), _RING) / 6)
    for number in range(0, len(others), _RING):
        ring = others[number : number + _RING]
        across, down = (_RADIUS[axis] * grown + _NEXT[axis] * (number // _RING) for axis in (0, 1))
        for place, node in enumerate(ring):
            turn = math.pi * (1 + 2 * place / len(ring))
            places[node.key] = Point(across * math.cos(turn), down * math.sin(turn))
    return places


def _ends(edge: GraphEdge) -> set[Key]:
    return {edge.issuer, edge.subject}


def _lines(graph: Graph, middle: GraphNode, cards: Mapping[Key, Card]) -> Sequence[Line]:
    seen: Counter[tuple[Key, Key]] = Counter()
    lines = []
    for edge in graph.edges:
        ends = (edge.issuer, edge.subject)
        seen[ends] += 1
        apart, bend = (_APART * (2 * seen[ends] - 1), 0.0) if middle.key in ends else (_APART, _BEND * seen[ends])
        lines.append(_line(edge, cards[ends[0]], cards[ends[1]], apart, bend))
    return lines


def _line(edge: GraphEdge, start: Card, end: Card, apart: float, bend: float) -> Line:
    """Return the way, moved and bent to the right of its direction, so that the way back does not lie upon it."""
    across, down = end.middle.x - start.middle.x, end.middle.y - start.middle.y
    length = math.hypot(across, down) or 1.0
    right = (-down / length, across / length)
    begin, finish = (card.middle.plus(right[0] * apart, right[1] * apart) for card in (start, end))
    top = Point((begin.x + finish.x) / 2 + right[0] * bend, (begin.y + finish.y) / 2 + right[1] * bend)
    control = top.plus(right[0] * bend, right[1] * bend)
    return Line(edge, _border(start, begin, control), control, _border(end, finish, control), top if bend else None)


def _border(card: Card, inside: Point, toward: Point) -> Point:
    """Return where the way from a point inside a card crosses its border, a little outside."""
    across, down = toward.x - inside.x, toward.y - inside.y
    half = (WIDTH / 2 + 5, card.height / 2 + 5)
    beside = (card.middle.x - inside.x + math.copysign(half[0], across)) / across if across else math.inf
    under = (card.middle.y - inside.y + math.copysign(half[1], down)) / down if down else math.inf
    share = min(beside, under, 1.0)
    return inside.plus(across * share, down * share)
