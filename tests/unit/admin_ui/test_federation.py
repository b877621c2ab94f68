"""The federation as this node sees it: who can be heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from admin_ui.federation import peer_kind
from admin_ui.overview import Kind, list_kind
from crosscert.records import Peer, Relation
from kernel.nodes import Node
from pki.records import ListHead

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


def crl(this: timedelta, following: timedelta) -> ListHead:
    return ListHead("issuing", 0, 1, NOW + this, NOW + following, 0, "", 0)


def test_a_revocation_list_warns_in_its_last_quarter_and_alarms_when_it_is_over_or_missing() -> None:
    assert list_kind(crl(timedelta(0), DAY), NOW) == "ok"
    assert list_kind(crl(-DAY * 0.75, DAY * 0.25), NOW) == "ok"
    assert list_kind(crl(-DAY * 0.76, DAY * 0.24), NOW) == "warn"
    assert list_kind(crl(-DAY, timedelta(0)), NOW) == "bad"
    assert list_kind(None, NOW) == "bad"
