"""What was verified at another node comes into the holder's history: kept for the issuing node alone, told once, believed by signature only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from queue import SimpleQueue
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscert.errors import PEER_UNREACHABLE
from kernel.audit import AuditEvent
from kernel.clock import FixedClock, timestamp
from kernel.errors import Refusal
from kernel.nodes import Node
from licenses import storage as licenses_storage
from licenses.elsewhere import messages, verified
from licenses.elsewhere.verified import ANSWER, MOST, PATH, QUESTION
from licenses.many.verifying import Item, verify_many
from licenses.storage import SqlLicenseRecords
from licenses.verified_records import Untold
from licenses.wallet import holding
from pki import jose
from pki.vault import Vault
from service import audit
from tests.support import pdfs
from tests.support.databases import create_all
from tests.support.federation import CITY, COUNTY, Federation, federation
from tests.support.issuing import GOOD_ROW

AT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("nodes"), FixedClock(AT)) as made:
        yield made


@pytest.fixture(scope="module")
def countys(nodes: Federation) -> bytes:
    return nodes.issue_at_county()


@pytest.fixture(scope="module")
def citys(nodes: Federation) -> str:
    """The digest of a licence of the city."""
    return sha256(nodes.issue_at_city()).hexdigest()


def ask(nodes: Federation, after: object = 0, *, typ: str = QUESTION, audience: Node = CITY) -> list[list[Any]]:
    """Return what the city tells the county."""
    question = messages.sign(nodes.county, typ, audience, {"jti": "q", "after": after}, nodes.now)
    claims = jose.unverified_claims(verified.answer(nodes.city, question.encode()))
    assert (claims["aud"], claims["jti"]) == (COUNTY.url, "q")
    told: list[list[Any]] = claims["verified"]
    return told


def test_what_was_verified_is_told_the_issuing_node_until_it_says_that_it_heard(nodes: Federation, countys: bytes) -> None:
    again = nodes.issue_at_county(number="445122202600000078")
    own = nodes.issue_at_city(number="445122202100000035")
    for pdf in (countys, countys, own, pdfs.trailing_bytes(countys), pdfs.unsealed(nodes.data())):
        nodes.verify(pdf)
    items = [Item("a", countys), Item("b", again), Item("c", again), Item("d", own)]
    assert len(list(verify_many(nodes.city, items, actor="operator:test"))) == 4
    told = ask(nodes)
    assert [target for _, target, _ in told] == sorted(f"sha256:{sha256(pdf).hexdigest()}" for pdf in (countys, again))
    assert {at for _, _, at in told} == {timestamp(AT)}
    assert ask(nodes) == told  # an answer may be lost
    assert ask(nodes, told[0][0]) == told[1:]
    assert ask(nodes, told[1][0]) == ask(nodes) == []
    nodes.verify(countys)
    [(number, _, _)] = ask(nodes, told[1][0])
    assert number > told[1][0]


def test_what_a_clock_that_ran_ahead_wrote_down_is_told_as_of_now(nodes: Federation) -> None:
    last = max((number for number, _, _ in ask(nodes)), default=0)
    with nodes.city.work.begin() as work:
        work.records.keep_untold(COUNTY.code, ["license:ahead"], AT + timedelta(days=40))
    [(number, target, at)] = ask(nodes, last)
    assert (target, at) == ("license:ahead", timestamp(AT))
    assert ask(nodes, number) == []


def test_what_is_no_question_to_this_node_is_refused(nodes: Federation) -> None:
    for changes in ({"after": -1}, {"after": True}, {"after": "1"}, {"after": 2**62 + 1}, {"typ": ANSWER}, {"audience": COUNTY}):
        with pytest.raises(Refusal):
            ask(nodes, **changes)  # type: ignore[arg-type]


@dataclass
class Web:
    """The county's answers, as a test says."""

    reply: Callable[[dict[str, Any]], bytes]

    def nodes(self) -> Sequence[Node]:
        return [COUNTY]

    def ask(self, node: Node, question: str, path: str = "") -> bytes:
        assert (node, path) == (COUNTY, PATH)
        return self.reply(dict(jose.unverified_claims(question)))


def signed(nodes: Federation, claims: dict[str, Any], told: object, **changes: Any) -> bytes:
    made = {"jti": claims["jti"], "verified": told, **changes}
    audience = made.pop("audience", CITY)
    return messages.sign(nodes.county, made.pop("typ", ANSWER), audience, made, nodes.now).encode()


def events(nodes: Federation, digest: str) -> Sequence[AuditEvent]:
    with nodes.city.work.read() as work:
        return work.audit.about([f"sha256:{digest}"], ["licenses.verify_elsewhere"], limit=50)


def test_what_a_peer_tells_of_this_nodes_licences_is_in_the_holders_history_once(nodes: Federation, citys: str) -> None:
    told = [[7, f"sha256:{citys}", timestamp(AT)], [9, f"sha256:{'0' * 64}", timestamp(AT)], [12, "license:1.2.X", timestamp(AT)]]
    asked = []

    def reply(claims: dict[str, Any]) -> bytes:
        asked.append(claims["after"])
        return signed(nodes, claims, [one for one in told if one[0] > claims["after"]])

    assert verified.hear(nodes.city, Web(reply), COUNTY) == 1
    verified.hear_all(nodes.city, Web(reply))
    assert asked == [0, 12]
    [event] = events(nodes, citys)
    assert (event.actor, event.details["node"]) == (f"node:{COUNTY.code}", COUNTY.code)
    with nodes.city.work.read() as work:
        record = work.records.find_known([citys])[citys].record
    held = holding.describe(nodes.city, record.identifier, GOOD_ROW["holder_id"])
    assert [(one.way, one.who) for one in held.seen] == [("elsewhere", COUNTY.name)]


def test_whatever_else_is_said_is_not_believed_and_changes_nothing(nodes: Federation, citys: str) -> None:
    with nodes.city.work.read() as work:
        last = work.records.heard_until(COUNTY.code)
    target, at, before = f"sha256:{citys}", timestamp(AT), len(events(nodes, citys))
    more = last + 1
    for told in (
        None, {}, [[]], [[more, target]], [[more, target, at, 1]], [["1", target, at]], [[more, 5, at]], [[last, target, at]],
        [[more, "sha256:x", at]], [[more, f"account:{citys}", at]], [[more, target, at], [more + 1, target, at]], [[more, target, None]],
        [[more, target, True]], [[2**63, target, at]], [[2**63 - 1, target, at]], [[more, target, at + 2 * 24 * 3600]], [[more + i, f"license:{i}", at] for i in range(MOST + 1)],
    ):  # fmt: skip
        with pytest.raises(Refusal):
            verified.hear(nodes.city, Web(lambda claims, told=told: signed(nodes, claims, told)), COUNTY)  # type: ignore[misc]
    good = [[more, target, at]]
    for changes in ({"jti": "another"}, {"audience": COUNTY}, {"typ": QUESTION}):
        with pytest.raises(Refusal):
            verified.hear(nodes.city, Web(lambda claims, changes=changes: signed(nodes, claims, good, **changes)), COUNTY)  # type: ignore[misc]

    def away(_claims: dict[str, Any]) -> bytes:
        raise Refusal(PEER_UNREACHABLE, url=COUNTY.url, problem="too slow")

    verified.hear_all(nodes.city, Web(away))
    with nodes.city.work.read() as work:
        assert work.records.heard_until(COUNTY.code) == last
    assert len(events(nodes, citys)) == before


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=st.binary(max_size=300))
def test_any_octets_are_refused_by_name(nodes: Federation, octets: bytes) -> None:
    with pytest.raises(Refusal):
        verified.answer(nodes.city, octets)
    with pytest.raises(Refusal):
        verified.hear(nodes.city, Web(lambda _claims: octets), COUNTY)


def test_a_peer_can_drive_its_number_far_but_not_to_the_end(nodes: Federation, citys: str) -> None:
    told: list[Any] = []
    web = Web(lambda claims: signed(nodes, claims, told))
    with nodes.city.work.read() as work:
        last = work.records.heard_until(COUNTY.code)
    told[:] = [[2**61 + 2**32, f"sha256:{'1' * 64}", timestamp(AT)]]
    assert verified.hear(nodes.city, web, COUNTY) == 0
    for number in (2**63 - 1, 2**62, 2**61 + 2**33 + 1):
        told[0][0] = number
        with pytest.raises(Refusal, match="node_message"):
            verified.hear(nodes.city, web, COUNTY)
    before = len(events(nodes, citys))
    told[:] = [[2**61 + 2**32 + 1, f"sha256:{citys}", timestamp(AT) + 9]]
    assert verified.hear(nodes.city, web, COUNTY) == 1  # it is heard all the same
    assert len(events(nodes, citys)) == before + 1
    with nodes.city.work.begin() as work:
        assert work.records.note_heard_until(COUNTY.code, before=2**61 + 2**32 + 1, now=last)


def test_what_a_restored_peer_tells_again_is_in_the_history_once(nodes: Federation, citys: str) -> None:
    target, at = f"sha256:{citys}", timestamp(AT) + 60
    told = [0, target, at]

    def hear(*, at: int) -> int:
        with nodes.city.work.read() as work:
            told[0], told[2] = work.records.heard_until(COUNTY.code) + 1, at
        return verified.hear(nodes.city, Web(lambda claims: signed(nodes, claims, [told])), COUNTY)

    before = len(events(nodes, citys))
    assert [hear(at=at), hear(at=at), hear(at=at + 1), hear(at=at)] == [1, 0, 1, 0]
    assert len(events(nodes, citys)) == before + 2


def test_it_is_kept_told_and_forgotten_in_order_on_both_engines(engine: sa.Engine, vault: Vault) -> None:
    create_all(engine, licenses_storage.metadata, audit.metadata)
    with engine.begin() as connection:
        records = SqlLicenseRecords(connection, vault)
        records.keep_untold("445122", ["sha256:a", "sha256:b"], AT)
        records.keep_untold("445122", ["sha256:b", "license:c"], AT + timedelta(days=1))
        records.keep_untold("445121", ["sha256:a"], AT)
        assert not records.untold("445122", after=0, limit=9)
        records.number_untold("445122", after=0, limit=9)
        first, *_ = told = records.untold("445122", after=0, limit=9)
        assert [one.target for one in told] == ["sha256:a", "sha256:b", "license:c"]
        assert first == Untold(first.number, "sha256:a", AT)
        assert records.untold("445122", after=0, limit=1) == [first]
        records.drop_told("445122", until=first.number)
        records.drop_untold(before=AT + timedelta(days=1))
        assert [one.target for one in records.untold("445122", after=0, limit=9)] == ["license:c"]
        assert not records.untold("445121", after=0, limit=9)
        assert records.heard_until("445122") == 0
        assert records.note_heard_until("445122", before=0, now=5)
        assert not records.note_heard_until("445122", before=0, now=6)  # somebody else was quicker
        assert records.heard_until("445122") == 5


def test_what_is_verified_after_a_backup_was_restored_is_not_taken_for_told(engine: sa.Engine, vault: Vault) -> None:
    create_all(engine, licenses_storage.metadata, audit.metadata)
    with engine.begin() as connection:
        records = SqlLicenseRecords(connection, vault)
        records.keep_untold("445122", ["sha256:a", "sha256:b", "sha256:c"], AT)
        heard = told(records, after=0)[-1].number
        for table in ("licenses_untold", "licenses_counters"):  # as they were before
            connection.execute(licenses_storage.metadata.tables[table].delete())
        records.keep_untold("445122", ["sha256:d"], AT + timedelta(minutes=1))
        assert [one.target for one in told(records, after=heard)] == ["sha256:d"]


def told(records: SqlLicenseRecords, *, after: int, limit: int = 9) -> Sequence[Untold]:
    """Return what the county is told, as an answer does."""
    records.drop_told("445122", until=after)
    records.number_untold("445122", after=after, limit=limit)
    return records.untold("445122", after=after, limit=limit)


class Asker:
    """The county, as it asks and remembers what it heard."""

    def __init__(self, engine: sa.Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault
        self.heard: set[str] = set()
        self._last = 0

    def ask(self) -> Sequence[Untold]:
        """Return what is answered."""
        with self._engine.begin() as connection:
            return told(SqlLicenseRecords(connection, self._vault), after=self._last, limit=3)

    def hear(self) -> bool:
        """Ask and take in what is answered; tell whether that was anything."""
        answered = self.ask()
        for one in answered:
            assert one.number > self._last
            assert one.target.startswith("sha256:all-") or one.target not in self.heard  # which may be verified once more
            self.heard.add(one.target)
            self._last = one.number
        return bool(answered)


def test_what_is_verified_and_asked_for_at_once_is_told_once_and_in_order(engine: sa.Engine, vault: Vault) -> None:
    """Three verify licences of their own and one of them all, while the county asks twice at once, again and again."""
    create_all(engine, licenses_storage.metadata, audit.metadata)
    county, start, committed = Asker(engine, vault), threading.Barrier(5), SimpleQueue[int]()

    def verify(which: int) -> None:
        start.wait()
        for number in range(3):
            with engine.begin() as connection:
                kept = [f"sha256:{which}-{number}", f"sha256:all-{number}"]
                SqlLicenseRecords(connection, vault).keep_untold("445122", kept, AT)
            committed.put(which)

    def ask_beside() -> None:
        start.wait()
        for _ in range(4):
            county.ask()

    with ThreadPoolExecutor(4) as threads:
        running = [*(threads.submit(verify, which) for which in range(3)), threads.submit(ask_beside)]
        start.wait()
        for _ in range(3 * 3):
            committed.get()
            county.hear()
        for thread in running:
            thread.result()
        while county.hear():
            continue
    assert len(county.heard) == 3 * 3 + 3


def test_who_verifies_waits_for_no_other_and_what_comes_late_is_told_later(engine: sa.Engine, vault: Vault) -> None:
    create_all(engine, licenses_storage.metadata, audit.metadata)
    at_once = engine.dialect.name == "postgresql"  # SQLite has one writer at a time, whatever it writes
    with engine.connect() as slow, ExitStack() as stack:
        if at_once:
            stack.enter_context(slow.begin())
            SqlLicenseRecords(slow, vault).keep_untold("445122", ["sha256:late"], AT)
        with engine.begin() as quick:
            SqlLicenseRecords(quick, vault).keep_untold("445122", ["sha256:quick"], AT + timedelta(seconds=1))
        with engine.begin() as asked:
            first = told(SqlLicenseRecords(asked, vault), after=0)
        if not at_once:
            stack.enter_context(slow.begin())
            SqlLicenseRecords(slow, vault).keep_untold("445122", ["sha256:late"], AT)
        stack.close()
    with engine.begin() as asked:
        second = told(SqlLicenseRecords(asked, vault), after=first[-1].number)
    assert [[one.target for one in each] for each in (first, second)] == [["sha256:quick"], ["sha256:late"]]
