"""A holder's licences at other nodes: only a trusted node's question is answered, only its signed answer to this question is believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert.errors import PEER_UNREACHABLE
from kernel.clock import FixedClock
from kernel.errors import Refusal
from kernel.nodes import Node
from licenses.elsewhere import answering, asking, messages
from licenses.elsewhere.messages import ANSWER, QUESTION, Card
from licenses.life import acts
from licenses.life.orders import Order, operator
from pki import jose
from tests.support.federation import CITY, COUNTY, Federation, federation
from tests.support.issuing import GOOD_ROW, with_licenses

HOLDER = GOOD_ROW["holder_id"]
CARD = Card(
    "1.2.156.3005.2.x", "445122202100000002", "营业执照", "Business licence", "饶平县市场监督管理局", "01", "#1f4391", None
)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    folder: Path = tmp_path_factory.mktemp("nodes")
    with federation(folder, FixedClock(datetime.fromisoformat("2026-11-26T04:00:00+00:00"))) as made:
        made.issue_at_city()
        yield made


@dataclass
class Web:
    """The county's answers, as a test says."""

    reply: Callable[[dict[str, Any]], bytes]

    def nodes(self) -> Sequence[Node]:
        return [COUNTY]

    def ask(self, node: Node, question: str, path: str = messages.PATH) -> bytes:
        assert (node, path) == (COUNTY, messages.PATH)
        return self.reply(dict(jose.unverified_claims(question)))


def question(nodes: Federation, *, audience: Node = CITY, typ: str = QUESTION, by_city: bool = False, **claims: Any) -> bytes:
    asked = {"jti": "q", "holder": HOLDER, **claims}
    return messages.sign(nodes.city if by_city else nodes.county, typ, audience, asked, nodes.now).encode()


def told(nodes: Federation, reply: Callable[[dict[str, Any]], bytes]) -> asking.Told:
    [found] = asking.ask_all(nodes.city, Web(reply), HOLDER)
    return found


def signed(nodes: Federation, claims: dict[str, Any], **changes: Any) -> bytes:
    made = {"jti": claims["jti"], "licenses": [CARD.as_json()], **changes}
    audience = made.pop("audience", CITY)
    return messages.sign(nodes.county, made.pop("typ", ANSWER), audience, made, nodes.now).encode()


def test_a_trusted_nodes_question_is_answered_for_it_alone_and_is_on_record(nodes: Federation) -> None:
    answer = answering.answer(nodes.city, question(nodes))
    with nodes.city.work.read() as work:
        [record] = work.records.held_by(HOLDER)
        [event] = work.audit.about([f"license:{record.identifier}"], ["licenses.tell_node"], limit=5)
    assert (event.actor, event.details["node"]) == (f"node:{COUNTY.code}", COUNTY.code)
    claims = jose.unverified_claims(answer)
    assert (claims["aud"], claims["jti"]) == (COUNTY.url, "q")
    assert [one["number"] for one in claims["licenses"]] == [GOOD_ROW["number"]]
    assert HOLDER not in json.dumps(claims, ensure_ascii=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": COUNTY},
        {"typ": ANSWER},
        {"by_city": True},
        {"holder": 7},
        {"jti": None},
    ],
)
def test_what_is_no_question_to_this_node_is_refused(nodes: Federation, changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        answering.answer(nodes.city, question(nodes, **changes))


def test_an_old_question_and_one_of_a_node_that_was_not_heard_for_too_long_are_refused(nodes: Federation) -> None:
    asked = question(nodes)
    late = replace(nodes.city, clock=FixedClock(nodes.now + timedelta(minutes=3)))
    with pytest.raises(Refusal, match="token_expired"):
        answering.answer(late, asked)
    much_later = nodes.now + timedelta(seconds=nodes.city.policies.certificates.federation.budget_seconds + 1)
    unheard = replace(nodes.city, clock=FixedClock(much_later))
    asked = messages.sign(nodes.county, QUESTION, CITY, {"jti": "q", "holder": HOLDER}, much_later).encode()
    with pytest.raises(Refusal, match="not_trusted"):
        answering.answer(unheard, asked)


def test_a_signed_answer_to_the_question_is_shown(nodes: Federation) -> None:
    found = told(nodes, lambda claims: signed(nodes, claims))
    assert (found.outcome, found.cards) == ("answered", [CARD])


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": "another"},
        {"audience": COUNTY},
        {"typ": QUESTION},
        {"licenses": None},
        {"licenses": [{}]},
        {"licenses": [{**CARD.as_json(), "valid_to": "tomorrow"}]},
        {"licenses": [{**CARD.as_json(), "number": "1\n2"}]},
        {"licenses": [{**CARD.as_json(), "more": "x"}]},
        {"licenses": [CARD.as_json()] * 201},
    ],
)
def test_whatever_else_is_signed_is_not_believed(nodes: Federation, changes: dict[str, Any]) -> None:
    assert told(nodes, lambda claims: signed(nodes, claims, **changes)) == asking.Told(COUNTY, "refused")


def test_what_is_unsigned_altered_or_by_a_stranger_is_not_believed(nodes: Federation) -> None:
    def altered(claims: dict[str, Any]) -> bytes:
        head, _payload, signature = signed(nodes, claims).split(b".")
        return b".".join((head, signed(nodes, claims, licenses=[]).split(b".")[1], signature))

    plain = json.dumps({"licenses": [CARD.as_json()]}).encode()
    for reply in (altered, lambda _claims: plain, lambda _claims: b"", lambda claims: signed(nodes, claims).upper()):
        assert told(nodes, reply).outcome == "refused"


def test_a_node_that_is_away_is_told_as_such(nodes: Federation) -> None:
    def away(_claims: dict[str, Any]) -> bytes:
        raise Refusal(PEER_UNREACHABLE, url=COUNTY.url, problem="too slow")

    assert told(nodes, away) == asking.Told(COUNTY, "away")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    octets=st.binary(max_size=300)
    | st.from_regex(rb"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}", fullmatch=True)
)
def test_whatever_comes_is_refused_by_name(nodes: Federation, octets: bytes) -> None:
    with pytest.raises(Refusal):
        answering.answer(nodes.city, octets)
    assert told(nodes, lambda _claims: octets).outcome == "refused"


def test_of_a_licence_that_was_replaced_the_newest_version_alone_is_told(nodes: Federation) -> None:
    number, holder = "445122202100000009", "91445122MA4UPEXQ4G"
    nodes.issue_at_city(number=number, holder_id=holder)
    with nodes.city.work.read() as work:
        [first] = work.records.held_by(holder)
    acts.ask(nodes.city, Order("replace", first.identifier, "lost"), operator("operator:test"))
    claims = jose.unverified_claims(answering.answer(nodes.city, question(nodes, holder=holder)))
    assert [(one["number"], one["status"]) for one in claims["licenses"]] == [(number, "01")]


def test_a_licence_whose_last_day_is_over_is_told_as_such(nodes: Federation) -> None:
    holder = "91445122MA4UPEXQ5K"
    nodes.issue_at_city(number="445122202100000010", holder_id=holder, valid_from="2020-01-01", valid_to="2026-11-25")
    claims = jose.unverified_claims(answering.answer(nodes.city, question(nodes, holder=holder)))
    assert [one["status"] for one in claims["licenses"]] == ["05"]


def test_a_licence_whose_type_left_the_catalogue_is_told_by_the_name_that_was_sealed(nodes: Federation) -> None:
    [card] = jose.unverified_claims(answering.answer(with_licenses(nodes.city, types=()), question(nodes)))["licenses"]
    assert (card["number"], card["type"]) == (GOOD_ROW["number"], "营业执照（类型已不在目录）")
    assert told(nodes, lambda claims: signed(nodes, claims, licenses=[card])).cards[0].type == card["type"]
