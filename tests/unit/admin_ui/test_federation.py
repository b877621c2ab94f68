"""The federation as this node sees it: who can be heard, and the drawing of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from admin_ui.federation import PeerState, draw, peer_kind
from admin_ui.overview import Kind, list_kind
from crosscert.records import Peer, Relation
from kernel.nodes import Node
from pki.records import CrlRecord

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def peer(code: str, *, heard: timedelta | None = timedelta(0), error: str | None = None, beyond: str | None = None) -> Peer:
    relation: Relation = "agreed" if beyond is None else "member"
    node = Node(code, f"县{code}", "county", f"http://{code}.example", (("C", "CN"),))
    return Peer(node, relation, beyond, "aa", None if heard is None else NOW - heard, NOW, error)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (peer("445100"), "ok"),
        (peer("445100", heard=DAY), "ok"),
        (peer("445100", heard=DAY + timedelta(seconds=1)), "bad"),
        (peer("445100", heard=timedelta(hours=1), error="peer_unreachable"), "warn"),
        (peer("445100", heard=2 * DAY, error="peer_unreachable"), "bad"),
        (peer("445100", heard=None), "bad"),
        (peer("445100", heard=None, error="peer_unreachable"), "bad"),
    ],
)
def test_a_peer_is_as_good_as_what_is_held_of_it_is_recent(known: Peer, expected: Kind) -> None:
    assert peer_kind(known, NOW, DAY) == expected


def crl(this: timedelta, following: timedelta) -> CrlRecord:
    return CrlRecord("issuing", 1, NOW + this, NOW + following, 0, "", b"")


def test_a_revocation_list_warns_in_its_last_quarter_and_alarms_when_it_is_over_or_missing() -> None:
    assert list_kind(crl(timedelta(0), DAY), NOW) == "ok"
    assert list_kind(crl(-DAY * 0.75, DAY * 0.25), NOW) == "ok"
    assert list_kind(crl(-DAY * 0.76, DAY * 0.24), NOW) == "warn"
    assert list_kind(crl(-DAY, timedelta(0)), NOW) == "bad"
    assert list_kind(None, NOW) == "bad"


def test_the_drawing_leads_from_this_node_over_bridges_to_those_beyond() -> None:
    states = [
        PeerState(peer("445100"), "ok", None),
        PeerState(peer("445122", beyond="445100"), "bad", None),
        PeerState(peer("445103", beyond="445100"), "warn", None),
    ]
    drawing = draw("潮安区", "445103x", states)
    assert [dot.code for dot in drawing.dots] == ["445103x", "445100", "445122", "445103"]
    assert [(edge.start.code, edge.end.code, edge.kind) for edge in drawing.edges] == [
        ("445103x", "445100", "ok"),
        ("445100", "445122", "bad"),
        ("445100", "445103", "warn"),
    ]
    assert len({(dot.x, dot.y) for dot in drawing.dots}) == 4
    assert all(90 < dot.x < drawing.width - 90 and 30 < dot.y < drawing.height - 30 for dot in drawing.dots)


def test_a_node_without_peers_and_one_whose_bridge_is_unknown_are_drawn_too() -> None:
    assert [dot.kind for dot in draw("潮州市", "445100", []).dots] == [None]
    lost = draw("潮州市", "445100", [PeerState(peer("445122", beyond="440000"), "ok", None)])
    assert [edge.start.code for edge in lost.edges] == ["445100"]
