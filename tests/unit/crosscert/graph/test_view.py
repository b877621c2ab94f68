"""The graph as it is told and drawn: health, constraints, what is trusted over which edge, and a picture that anybody can read."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from crosscert import agreements
from crosscert.graph.edges import Edge
from crosscert.graph.layout import WIDTH, lay_out
from crosscert.graph.svg import draw
from crosscert.graph.view import Graph, GraphEdge, GraphNode, see
from crosscert.records import Peer
from kernel.nodes import Node
from tests.support.three_nodes import Federation, Member, certify
from tests.unit.crosscert.forge import NOW, signer

LEVELS = ["basic", "substantial", "high"]
SVG = "{http://www.w3.org/2000/svg}"


def seen(member: Member) -> Graph:
    return see(member.deps, member.deps.clock.now())


def node(graph: Graph, name: str) -> GraphNode:
    return next(each for each in graph.nodes if each.name == name)


def edges(graph: Graph) -> dict[tuple[str, str], GraphEdge]:
    names = {each.key: each.name for each in graph.nodes}
    return {(names[each.issuer], names[each.subject]): each for each in graph.edges}


def picture(member: Member) -> ET.Element:
    return ET.fromstring(draw(seen(member), member.deps.policies))  # noqa: S314 - our own drawing


def words(drawn: ET.Element) -> list[str]:
    return [each.text or "" for each in drawn.iter(f"{SVG}text")]


def test_nodes_are_told_with_their_health_and_what_is_trusted_of_them(synced: Federation) -> None:
    told = json.loads(json.dumps(seen(synced.county).as_json()))
    assert told["version"] == 1
    assert [(each["code"], each["relation"], each["via"]) for each in told["nodes"]] == [
        ("445122", "own", ["饶平县"]),
        ("445100", "agreed", ["饶平县", "潮州市"]),
        ("445103", "member", ["饶平县", "潮州市", "潮安区"]),
    ]
    for each in told["nodes"]:
        assert each["levels"] == LEVELS
        assert each["last_error"] is None
        assert each["reason"] is None
        assert len(each["license_types"]) == len(synced.county.deps.find_license_types())
    assert told["nodes"][2]["learned_from"] == "445100"


def test_edges_are_told_both_ways_with_constraints_and_what_survives_over_them(synced: Federation) -> None:
    found = edges(seen(synced.county))
    assert {ends: list(each.levels) for ends, each in found.items()} == {
        ("饶平县", "潮州市"): LEVELS,
        ("潮州市", "潮安区"): LEVELS,
        ("潮州市", "饶平县"): [],
        ("潮安区", "潮州市"): [],
    }
    told = json.loads(json.dumps(found["潮州市", "潮安区"].as_json()))
    assert told["constraints"]["path_length"] == 1
    assert told["constraints"]["permitted"][0] == "directory_name:O=潮安区,L=潮州市,ST=广东省,C=CN"
    assert told["constraints"]["inhibit_policy_mapping"] == 0
    assert len(told["constraints"]["mappings"]) == 3
    assert (told["state"], told["not_after"][:4]) == ("good", "2029")


def test_what_was_not_fetched_is_not_trusted_and_the_reason_is_told(nodes: Federation) -> None:
    graph = seen(nodes.county)
    city = node(graph, "潮州市")
    assert city.is_failing
    assert city.reach is not None
    assert city.reach.reason is not None
    assert (city.reach.levels, city.reach.reason.code) == ((), "revocation_unknown")
    assert "445100 · revocation_unknown" in words(picture(nodes.county))


def test_a_revoked_edge_is_red_and_ends_what_went_over_it(synced: Federation) -> None:
    agreement = agreements.find_live(synced.city.deps, synced.other.node.code)
    assert agreement is not None
    agreements.revoke(synced.city.deps, agreement.identifier, actor="account:li")
    synced.sync(synced.county)
    graph = seen(synced.county)
    assert edges(graph)["潮州市", "潮安区"].edge.state == "revoked"
    other = node(graph, "潮安区")
    assert other.is_failing
    assert other.reach is not None
    assert other.reach.reason is not None
    assert other.reach.reason.code == "certificate_revoked"
    assert other.reach.reason.certificate in {each.edge.certificate for each in graph.edges}  # the real one, not its shadow
    drawn = picture(synced.county)
    assert [each.attrib["marker-end"] for each in drawn.iter(f"{SVG}path") if "marker-end" in each.attrib].count(
        "url(#graph-bad)"
    ) == 1
    assert any("已吊销" in text for text in words(drawn))


def test_lists_out_of_date_and_the_end_of_a_certificate_are_told(synced: Federation) -> None:
    synced.clock.advance(timedelta(days=8))
    assert edges(seen(synced.county))["潮州市", "潮安区"].edge.state == "unknown"
    synced.clock.advance(timedelta(days=3 * 365))
    assert edges(seen(synced.county))["潮州市", "潮安区"].edge.state == "expired"


def test_two_edges_the_same_way_are_both_told(synced: Federation) -> None:
    certify(synced.county, synced.other)
    certify(synced.county, synced.other)
    graph = seen(synced.county)
    ends = [(each.issuer, each.subject) for each in graph.edges]
    assert len(ends) - len(set(ends)) == 1
    assert node(graph, "潮安区").as_json()["via"] == ["饶平县", "潮安区"]


def test_the_picture_needs_nothing_from_elsewhere_and_can_be_read_aloud(synced: Federation) -> None:
    drawn = picture(synced.county)
    text = draw(seen(synced.county), synced.county.deps.policies)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|<script|@import|url\((?!#)", text)
    assert drawn.attrib["role"] == "img"
    assert [drawn.find(f"{SVG}{part}") is not None for part in ("title", "desc", "style")] == [True] * 3
    assert {"饶平县", "潮州市", "潮安区"} <= set(words(drawn))
    assert "prefers-color-scheme:dark" in text


def test_a_name_cannot_break_out_of_the_picture(synced: Federation) -> None:
    graph = seen(synced.county)
    evil = replace(graph.nodes[1], name='"><script>alert(1)</script>&')
    drawn = ET.fromstring(draw(replace(graph, nodes=(graph.nodes[0], evil, *graph.nodes[2:])), synced.county.deps.policies))  # noqa: S314
    assert evil.name in words(drawn)
    assert drawn.find(f".//{SVG}script") is None


@pytest.mark.parametrize("count", [0, 1, 9, 40])
def test_cards_do_not_lie_upon_each_other_and_stay_in_the_picture(count: int) -> None:
    city = signer("潮州市")
    nodes = [GraphNode(b"city", "潮州市", "445100", "own", None, None)]
    found = []
    for number in range(count):
        county, key, code = signer(f"县{number}"), b"%d" % number, f"4451{number:02d}"
        peer = Peer(Node(code, f"县{number}", "county", "https://x", ()), "member", None, None)
        nodes.append(GraphNode(key, f"县{number}", code, "member", peer, None))
        found.append(GraphEdge(Edge(city.ca(county, path_length=1), b"city", key, "good"), b"city", key, ("high",)))
        found.append(GraphEdge(Edge(county.ca(city), key, b"city", "good"), key, b"city", ()))
    layout = lay_out(Graph(NOW, tuple(nodes), tuple(found)))
    for card in layout.cards.values():
        assert WIDTH / 2 <= card.middle.x - layout.left <= layout.width - WIDTH / 2
        assert card.height / 2 <= card.middle.y - layout.top <= layout.height - card.height / 2
    for one, two in combinations(layout.cards.values(), 2):
        apart = abs(one.middle.x - two.middle.x) >= WIDTH or abs(one.middle.y - two.middle.y) >= (one.height + two.height) / 2
        assert apart, (one, two)
    assert len(layout.lines) == 2 * count
