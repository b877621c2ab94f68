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
    """The picture: where it begins, its size, the cards by the nodes' keys, the edges. The bridge's middle is the point of origin."""

    left: float
    top: float
    width: float
    height: float
    cards: Mapping[Key, Card]
    lines: Sequence[Line]


def lay_out(graph: Graph) -> Layout:
    """Return the layout; the same graph always gives the same one."""
    middle = _middle(graph)
    cards = {}
    for key, place in _places(graph, middle).items():
        labels = [each for each in graph.edges if key != middle.key and {each.issuer, each.subject} == {key, middle.key}]
        cards[key] = Card(place, tuple(labels))
    lines = _lines(graph, middle, cards)
    corners = [card.middle.plus(side * WIDTH / 2, side * card.height / 2) for card in cards.values() for side in (-1, 1)]
    points = [*corners, *(line.label for line in lines if line.label is not None)]
    left, top = min(each.x for each in points) - _MARGIN, min(each.y for each in points) - _MARGIN
    width, height = max(each.x for each in points) + _MARGIN - left, max(each.y for each in points) + _MARGIN - top
    return Layout(left, top, width, height, cards, lines)


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
    control = Point((begin.x + finish.x) / 2, (begin.y + finish.y) / 2).plus(2 * right[0] * bend, 2 * right[1] * bend)
    leaves, arrives = _border(start, begin, control), _border(end, finish, control)
    crest = Point((leaves.x + 2 * control.x + arrives.x) / 4, (leaves.y + 2 * control.y + arrives.y) / 4)
    return Line(edge, leaves, control, arrives, crest if bend else None)


def _border(card: Card, inside: Point, toward: Point) -> Point:
    """Return where the way from a point inside a card crosses its border, a little outside."""
    across, down = toward.x - inside.x, toward.y - inside.y
    half = (WIDTH / 2 + 5, card.height / 2 + 5)
    beside = (card.middle.x - inside.x + math.copysign(half[0], across)) / across if across else math.inf
    under = (card.middle.y - inside.y + math.copysign(half[1], down)) / down if down else math.inf
    share = min(beside, under, 1.0)
    return inside.plus(across * share, down * share)
