"""The graph as an SVG picture: drawn here, with its own colours for light and dark, without scripts, fonts or anything from elsewhere.

As a file of its own, or as a part of a page that has the colours and whose nodes and edges lead further. Left to others: what there is to
draw (``view``), where it stands (``layout``), where it leads and the page's colours (``admin_ui``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from crosscert.graph.layout import LINE, WIDTH, Layout, Line, Point, lay_out
from crosscert.graph.view import Graph, GraphEdge, GraphNode
from kernel.errors import Language, Text
from policies.models import CertificatePolicies

_STYLE = """
.paper{fill:#fbfcfd}.box{fill:#fff;stroke:#52606d;stroke-width:1.5}.own .box{fill:#e3f1f4;stroke:#0b6b7d;stroke-width:2.5}
.member .box,.outside .box,.beyond path{stroke-dasharray:6 4}.failing .box{stroke:#b3261e}
text{font-family:"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif;fill:#1f2933;text-anchor:middle}
.name{font-size:17px;font-weight:600}.note,.label{font-size:12px}.note,.idle{fill:#52606d}.failing .note,.bad{fill:#b3261e}
.edge path{fill:none;stroke:#0b6b7d;stroke-width:1.8}.edge.idle path{stroke:#7b8794}.edge.bad path{stroke:#b3261e}
.edge text{paint-order:stroke;stroke:#fbfcfd;stroke-width:4px}
.good-head{fill:#0b6b7d}.idle-head{fill:#7b8794}.bad-head{fill:#b3261e}
@media(prefers-color-scheme:dark){
.paper{fill:#12181f}.box{fill:#1d2630;stroke:#9aa5b1}.own .box{fill:#0f3440;stroke:#4fb3c4}.failing .box{stroke:#ff8a80}
text{fill:#e4e7eb}.note,.idle{fill:#9aa5b1}.failing .note,.bad{fill:#ff8a80}
.edge path{stroke:#4fb3c4}.edge.idle path{stroke:#7b8794}.edge.bad path{stroke:#ff8a80}.edge text{stroke:#12181f}
.good-head{fill:#4fb3c4}.bad-head{fill:#ff8a80}
}
"""
_HEADS = ("good", "idle", "bad")
_STATES = {
    "revoked": Text("已吊销", "revoked"),
    "expired": Text("已过期", "expired"),
    "unknown": Text("吊销情况不明", "status unknown"),
}
_ELSEWHERE = Text("本节点不经此", "not used from here")
_LENGTH = Text("路径长", "path length")
_UNLIMITED = Text("不限", "unlimited")
_UNTIL = Text("至", "until")
_NARROW, _WIDE = 6, 12
"""About how wide a letter and a Chinese character of a label are."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where a picture in a page leads: from a node and from an edge; None leads nowhere."""

    node: Callable[[GraphNode], str | None]
    edge: Callable[[GraphEdge], str | None]


@dataclass(frozen=True, slots=True)
class _Pen:
    policies: CertificatePolicies
    language: Language
    links: Links | None

    def word(self, text: Text) -> str:
        return text.en if self.language == "en" else text.zh

    def level(self, name: str) -> str:
        level = self.policies.levels[name]
        return level.en if self.language == "en" else level.zh


def draw(graph: Graph, policies: CertificatePolicies, language: Language = "zh", links: Links | None = None) -> str:
    """Return the picture: an SVG document, or with ``links`` an element for a page."""
    layout, pen = lay_out(graph), _Pen(policies, language, links)
    own = graph.nodes[0].name
    title = pen.word(Text(f"{own}的信任关系", f"The graph of trust of {own}"))
    box = f"{layout.width:.0f} {layout.height:.0f}"
    size = f'width="{layout.width:.0f}" height="{layout.height:.0f}"'
    role = "img" if links is None else "group"  # what is in an image cannot be gone to
    view = f'viewBox="{layout.left:.0f} {layout.top:.0f} {box}" {size}'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cx-graph" {view} role="{role}" aria-labelledby="graph-title graph-desc">',
        f'<title id="graph-title">{escape(title)}</title><desc id="graph-desc">{escape(_described(graph))}</desc>',
        f"<style>{_STYLE}</style>" if links is None else "",
        f"<defs>{''.join(map(_head, _HEADS))}</defs>",
        f'<rect class="paper" x="{layout.left:.0f}" y="{layout.top:.0f}" {size}/>',
        *(_edge(line, pen, graph) for line in layout.lines),
        *(_node(node, layout, pen) for node in graph.nodes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _head(kind: str) -> str:
    return (
        f'<marker id="graph-{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path class="{kind}-head" d="M0 0L10 5L0 10z"/></marker>'
    )


def _node(node: GraphNode, layout: Layout, pen: _Pen) -> str:
    card = layout.cards[node.key]
    at, kinds = card.middle, [node.relation, *(["failing"] if node.is_failing else [])]
    left, top = at.x - WIDTH / 2, at.y - card.height / 2
    rect = f'<rect class="box" x="{left:.0f}" y="{top:.0f}" width="{WIDTH}" height="{card.height:.0f}" rx="10"/>'
    told = rect + _text(node.name, at.x, top + 26, "name") + _text(_note(node, pen), at.x, top + 48, "note")
    parts = [told if pen.links is None else _leading_to(pen.links.node(node), told)]
    for number, edge in enumerate(card.labels, 1):
        mark = "←" if edge.subject == node.key else "→"
        parts.append(_label(edge, pen, at.x, top + 48 + LINE * number, f"{mark} "))
    return f'<g class="{" ".join(kinds)}">{"".join(parts)}</g>'


def _note(node: GraphNode, pen: _Pen) -> str:
    """Say in one line how the node stands: what went wrong, or up to which level it is trusted."""
    code = node.code or "—"
    if node.peer is not None and node.peer.last_error is not None:
        return f"{code} · {node.peer.last_error}"
    if node.reach is None or not node.reach.accepted:
        reason = None if node.reach is None else node.reach.reason
        return f"{code} · {reason.code if reason is not None else '—'}"
    return f"{code} · {pen.level(node.reach.levels[-1])}"


def _edge(line: Line, pen: _Pen, graph: Graph) -> str:
    edge, kind = line.edge, _kind(line.edge)
    beyond = "" if graph.nodes[0].key in {edge.issuer, edge.subject} else " beyond"
    path = f"M{_at(line.start)} Q{_at(line.control)} {_at(line.end)}"
    label = "" if line.label is None else _label(edge, pen, line.label.x, line.label.y - 9)
    return f'<g class="edge {kind}{beyond}"><path d="{path}" marker-end="url(#graph-{kind})"/>{label}</g>'


def _kind(edge: GraphEdge) -> str:
    return "bad" if edge.edge.state != "good" else "good" if edge.levels else "idle"


def _label(edge: GraphEdge, pen: _Pen, x: float, y: float, mark: str = "") -> str:
    """Say the levels that paths over it end with or what is wrong, its path length, its end."""
    certificate = edge.edge.certificate
    names = [pen.level(level) for level in edge.levels]
    good = (", " if pen.language == "en" else "、").join(names) or pen.word(_ELSEWHERE)
    state = good if edge.edge.state == "good" else pen.word(_STATES[edge.edge.state])
    length = pen.word(_UNLIMITED) if certificate.path_length is None else certificate.path_length
    said = f"{mark}{state} · {pen.word(_LENGTH)} {length} · {pen.word(_UNTIL)} {certificate.not_after:%Y-%m-%d}"
    text = _text(said, x, y, f"label {_kind(edge)}")
    return text if pen.links is None else _leading_to(pen.links.edge(edge), text)


def _leading_to(url: str | None, drawn: str) -> str:
    return drawn if url is None else f"<a href={quoteattr(url)}>{drawn}</a>"


def _described(graph: Graph) -> str:
    """Say in words what the picture shows, for those who do not see it."""
    names = {node.key: node.name for node in graph.nodes}
    said = [
        f"{names[each.issuer]} → {names[each.subject]}: {', '.join(each.levels) or '—'} ({each.edge.state})"
        for each in graph.edges
    ]
    return "; ".join(said) or "—"


def _text(text: str, x: float, y: float, kind: str) -> str:
    # Of labels only, and as a browser would about measure them: what is wider than a card is drawn closer together.
    wide = sum(_WIDE if character > "\u2e7f" else _NARROW for character in text) > WIDTH - 2 * _NARROW
    fitted = f' textLength="{WIDTH - 2 * _NARROW}" lengthAdjust="spacingAndGlyphs"' if wide and "label" in kind else ""
    return f'<text class={quoteattr(kind)} x="{x:.0f}" y="{y:.0f}"{fitted}>{escape(text)}</text>'


def _at(point: Point) -> str:
    return f"{point.x:.1f} {point.y:.1f}"
