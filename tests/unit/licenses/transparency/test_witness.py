"""Nodes witness each other's logs: what follows is cosigned, what contradicts is kept as evidence and never cosigned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crosscert.errors import PEER_UNREACHABLE
from crosscert.records import SyncedObject
from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import checkpoint, log, notes
from licenses import storage as licenses_storage
from licenses.log_ports import Cosigned, LogFault, Witnessed
from licenses.ports import LicenseDeps
from licenses.storage import SqlLicenseRecords
from licenses.storage.tables import log_cosigned, log_faults, log_leaves, log_nodes, log_witnessed, peers_issued
from licenses.transparency import faults, reading, witness
from licenses.transparency.tiles import parse_tile, read_tile
from licenses.transparency.witness import LogWitness
from pki.vault import Vault
from service import audit
from tests.support.databases import create_all
from tests.support.federation import CITY, COUNTY, Federation, federation
from tests.support.logs import AT, leaf


@dataclass
class Visits:
    """The city that visits the county as synchronising does, over what the county would serve."""

    nodes: Federation
    asked: list[str]

    def grow(self, *numbers: int, deps: LicenseDeps | None = None) -> None:
        with (deps or self.nodes.county).work.begin() as work:
            log.append(work.records, [leaf(number) for number in numbers])

    def forget(self, deps: LicenseDeps | None = None) -> None:
        """Do to a log what restoring an empty database does."""
        with (deps or self.nodes.county).work.begin() as work:
            connection = work.records._connection  # type: ignore[attr-defined]
            for table in (log_nodes, log_leaves):
                connection.execute(table.delete())
            connection.execute(sa.text("DELETE FROM licenses_counters WHERE name = 'log'"))

    def head(self, deps: LicenseDeps) -> str:
        with deps.work.read() as work:
            return checkpoint.sign_checkpoint(deps, work.records)

    def get(self, url: str, most: int) -> bytes:
        self.asked.append(url)
        path = url.removeprefix(COUNTY.url)
        if path.startswith(witness.ADDRESS):
            return witness.find_cosigned(self.nodes.county, path.rpartition("/")[2]).encode()
        with self.nodes.county.work.read() as work:
            data = read_tile(work.records, parse_tile(path.partition("/tile/")[2]))
        assert len(data) <= most
        return data

    def visit(self, note: str | None = None) -> None:
        city, county = self.nodes.city, self.nodes.county
        stated = SyncedObject(COUNTY.code, "log_key", "", checkpoint.key_statement(county).encode(), None, self.nodes.now)
        with self.nodes.trust.work.begin() as work:
            work.records.put_object(stated)
        LogWitness(lambda: city).visit(COUNTY, (note or self.head(county)).encode(), self.get)

    def county_looks(self) -> None:
        """Let the county witness the city's log; what it cosigned is there for the city's next visit."""
        city, county = self.nodes.city, self.nodes.county
        note = self.head(city)
        keys = checkpoint.own_keys(city)
        head = checkpoint.verify_checkpoint(note, keys.log)

        def get(url: str, _most: int) -> bytes:
            with city.work.read() as work:
                return read_tile(work.records, parse_tile(url.partition("/tile/")[2]))

        witness.look_at(county, CITY, keys, witness.Shown(note, head, get))

    @property
    def seen(self) -> Witnessed | None:
        with self.nodes.city.work.read() as work:
            return work.records.find_witnessed(COUNTY.code)

    def found(self) -> list[tuple[str, str]]:
        return [(fault.node_code, fault.kind) for fault in faults.list_open(self.nodes.city)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    with federation(tmp_path_factory.mktemp("federation"), FixedClock(AT)) as made:
        made.issue_at_county()
        yield made


@pytest.fixture
def visits(nodes: Federation) -> Visits:
    """The two nodes with empty logs, of which neither has seen the other's."""
    made = Visits(nodes, [])
    for deps in (nodes.city, nodes.county):
        made.forget(deps)
        with deps.work.begin() as work:
            for table in (peers_issued, log_witnessed, log_cosigned, log_faults):
                work.records._connection.execute(table.delete())  # type: ignore[attr-defined]
    return made


def test_a_log_that_grows_is_cosigned_at_each_head_and_only_new_tiles_are_fetched(visits: Visits) -> None:
    key = checkpoint.own_keys(visits.nodes.city).witness
    for first, count in ((0, 1), (1, 300), (301, 5)):
        visits.grow(*range(first, first + count))
        visits.nodes.clock.advance(timedelta(minutes=1))
        visits.visit()
        seen = visits.seen
        assert seen is not None
        assert seen.size == first + count
        assert notes.verify_cosignature(seen.note, key) == visits.nodes.now
        assert checkpoint.verify_checkpoint(seen.note, checkpoint.own_keys(visits.nodes.county).log).root == seen.root
    assert not visits.found()
    assert len(visits.asked) < 20


def test_what_was_seen_is_seen_again_without_a_tile(visits: Visits) -> None:
    visits.grow(1, 2, 3)
    visits.visit()
    visits.asked.clear()
    visits.visit()
    assert visits.asked == [f"{COUNTY.url}{witness.ADDRESS}/{CITY.code}"]


def test_a_log_that_shows_less_than_before_has_rolled_back(visits: Visits) -> None:
    visits.grow(1, 2, 3)
    old = visits.head(visits.nodes.county)
    visits.grow(4)
    visits.visit()
    held = visits.seen
    visits.visit(old)
    assert visits.found() == [(COUNTY.code, "rollback")]
    assert visits.seen == held
    (fault,) = faults.list_open(visits.nodes.city)
    assert held is not None
    assert (fault.held, fault.shown) == (held.note, old)


@pytest.mark.parametrize("more", [(), (11, 12, 13)])
def test_a_log_with_other_leaves_has_forked_whether_it_grew_or_not(visits: Visits, more: tuple[int, ...]) -> None:
    visits.grow(1, 2, 3)
    visits.visit()
    visits.forget()
    visits.grow(1, 2, 10, *more)
    for _ in range(2):  # it is told once
        visits.visit()
    assert visits.found() == [(COUNTY.code, "fork")]
    assert visits.seen is not None
    assert visits.seen.size == 3


def test_wrong_tiles_are_refused_and_prove_nothing_against_the_log(visits: Visits) -> None:
    visits.grow(1, 2, 3)
    visits.visit()
    visits.grow(4, 5)
    note = visits.head(visits.nodes.county)
    visits.forget()
    visits.grow(1, 2, 3, 6, 7)
    with pytest.raises(Refusal, match="proof_invalid"):
        visits.visit(note)
    assert not visits.found()
    assert visits.seen is not None
    assert visits.seen.size == 3


def test_a_head_that_another_key_signed_is_refused(visits: Visits) -> None:
    visits.grow(1)
    with pytest.raises(Refusal, match="checkpoint_invalid"):
        visits.visit(visits.head(visits.nodes.city))
    assert visits.seen is None


def test_another_key_for_the_same_log_is_a_fault(visits: Visits) -> None:
    visits.grow(1)
    visits.visit()
    with visits.nodes.city.work.begin() as work:
        held = work.records.find_witnessed(COUNTY.code)
        assert held is not None
        work.records.drop_witnessed(COUNTY.code)
        work.records.put_witnessed(Witnessed(COUNTY.code, "another+key", held.size, held.root, held.note, held.seen_at))
    visits.visit()
    assert visits.found() == [(COUNTY.code, "key")]


def test_an_operator_settles_a_fault_and_witnessing_begins_anew_with_the_evidence_kept(visits: Visits) -> None:
    visits.grow(1, 2, 3)
    visits.visit()
    visits.forget()
    visits.grow(7)
    visits.visit()
    assert faults.settle(visits.nodes.city, COUNTY.code, actor="operator:chen") == 1
    assert faults.settle(visits.nodes.city, COUNTY.code, actor="operator:chen") == 0
    visits.visit()
    assert not visits.found()
    assert visits.seen is not None
    assert visits.seen.size == 1
    with visits.nodes.city.work.read() as work:
        (kept,) = work.records.log_faults()
    assert (kept.kind, kept.settled_by) == ("rollback", "operator:chen")


def test_what_the_peer_cosigned_of_our_log_stands_beside_our_own_signature(visits: Visits) -> None:
    visits.grow(1, deps=visits.nodes.county)
    visits.grow(1, 2, 3, deps=visits.nodes.city)
    visits.county_looks()
    visits.visit()
    note = visits.head(visits.nodes.city)
    assert notes.verify_cosignature(note, checkpoint.own_keys(visits.nodes.county).witness) == visits.nodes.now
    visits.grow(4, deps=visits.nodes.city)
    assert "witness" not in visits.head(visits.nodes.city)  # it saw another head


@pytest.mark.parametrize(("left", "kind"), [((1, 2), "rollback"), ((1, 2, 4), "fork"), ((1, 2, 4, 5), "fork")])
def test_a_node_learns_from_its_witness_that_its_own_log_lost_or_changed_leaves(
    visits: Visits, left: tuple[int, ...], kind: str
) -> None:
    visits.grow(1, deps=visits.nodes.county)
    visits.grow(1, 2, 3, deps=visits.nodes.city)
    visits.county_looks()
    visits.forget(visits.nodes.city)
    visits.grow(*left, deps=visits.nodes.city)
    visits.visit()
    assert visits.found() == [(CITY.code, kind)]
    (fault,) = faults.list_open(visits.nodes.city)
    assert fault.found_by == COUNTY.code


def test_nobody_is_believed_about_our_log_who_did_not_sign_it(visits: Visits) -> None:
    visits.grow(1)
    visits.grow(1, 2, 3, deps=visits.nodes.city)
    keys = checkpoint.own_keys(visits.nodes.county)
    for note in (visits.head(visits.nodes.city), visits.head(visits.nodes.county), "", "\n\n"):
        with pytest.raises(Refusal, match="checkpoint_invalid"):
            witness.compare_own(visits.nodes.city, COUNTY, keys, note)
    assert not visits.found()


def log_check(nodes: Federation, pdf: bytes) -> tuple[str, str | None, str]:
    verdict = nodes.verify(pdf)
    found = next(finding for finding in verdict.checks if finding.id == "log")
    return verdict.indication, verdict.subindication, found.result


def test_a_peers_licence_is_found_in_what_was_read_of_its_log(visits: Visits) -> None:
    visits.grow(9)
    pdf = visits.nodes.issue_at_county(number="445122202600000077")
    assert log_check(visits.nodes, pdf) == ("TOTAL_PASSED", None, "not_checked")
    visits.grow(1, 2)
    visits.visit()
    assert log_check(visits.nodes, pdf) == ("TOTAL_PASSED", None, "passed")
    verdict = visits.nodes.verify(pdf)
    assert (verdict.log["included"], verdict.log["index"], verdict.log["size"]) == (True, 1, 4)
    assert visits.seen is not None
    assert verdict.log["root"] == visits.seen.root.hex()


def test_what_was_sealed_behind_a_peers_log_is_not_passed_once_the_log_has_been_read(visits: Visits) -> None:
    hidden = visits.nodes.sealed()  # by the county's own keys, two hours ago
    visits.grow(1)
    assert log_check(visits.nodes, hidden) == ("TOTAL_PASSED", None, "not_checked")
    visits.visit()
    assert log_check(visits.nodes, hidden) == ("INDETERMINATE", "UNREGISTERED", "indeterminate")
    just_now = visits.nodes.sealed(visits.nodes.sealing(at=visits.nodes.now - timedelta(minutes=5)))
    assert log_check(visits.nodes, just_now)[2] == "not_checked"  # it may not have been in the log yet


def test_a_long_log_is_read_a_piece_at_each_visit_and_nothing_is_missing_until_its_end(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_TILES", 1)
    visits.grow(*range(600))
    hidden = visits.nodes.sealed()
    for read in (256, 512, 600):
        assert log_check(visits.nodes, hidden)[2] == "not_checked"
        visits.visit()
        assert visits.seen is not None
        assert visits.seen.read == read
    assert log_check(visits.nodes, hidden)[2] == "indeterminate"
    with visits.nodes.city.work.read() as work:
        assert [work.records.find_peers_issued(COUNTY.code, f"{number:064x}") for number in (0, 255, 256, 599, 600)] == [
            0, 255, 256, 599, None,
        ]  # fmt: skip


def test_of_a_slow_peer_what_came_is_kept_and_the_next_visit_goes_on_behind_it(visits: Visits) -> None:
    visits.grow(*range(1100))
    honest = visits.get
    for read in (256, 512, 768, 1024, 1100):
        came = iter((False,))

        def slow(url: str, most: int, came: Iterator[bool] = came) -> bytes:
            if "/entries/" in url and next(came, True):
                raise Refusal(PEER_UNREACHABLE, url=url, problem="too slow")
            return honest(url, most)

        visits.get = slow  # type: ignore[method-assign]
        visits.asked.clear()
        with suppress(Refusal):
            visits.visit()
        assert visits.seen is not None
        assert visits.seen.read == read
        assert sum("/entries/" in url for url in visits.asked) == 1
    with visits.nodes.city.work.read() as work:
        found = [work.records.find_peers_issued(COUNTY.code, f"{number:064x}") for number in range(1101)]
    assert found == [*range(1100), None]


def test_no_more_of_a_peers_log_is_read_than_policy_says_and_the_admin_is_told(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits.grow(*range(600))
    with monkeypatch.context() as patched:
        patched.setattr(reading, "MAX_TILES", 0)
        visits.visit()
    policies = visits.nodes.city.policies
    rules = policies.licenses.verification.model_copy(update={"max_peer_log_leaves": 300})
    licenses = policies.licenses.model_copy(update={"verification": rules})
    city = replace(visits.nodes.city, policies=policies.model_copy(update={"licenses": licenses}))
    for _ in range(2):
        seen = visits.seen
        assert seen is not None
        reading.read_on(city, seen, lambda path, most: visits.get(f"{COUNTY.url}{checkpoint.ADDRESS}/{path}", most))
    with city.work.read() as work:
        found = [work.records.find_peers_issued(COUNTY.code, f"{number:064x}") for number in range(600)]
    assert found == [*range(300), *[None] * 300]
    (full,) = reading.list_full(city)
    assert (full.node_code, full.read, full.size) == (COUNTY.code, 300, 600)
    assert not reading.list_full(visits.nodes.city)
    visits.visit()  # by the usual policy the rest is read
    assert visits.seen is not None
    assert (visits.seen.read, reading.progress_of(city, visits.seen)) == (600, "read")


@pytest.mark.parametrize(
    "lie",
    [
        lambda data: data.replace(b"issued", b"status"),
        lambda data: data[:-1],
        lambda data: data + b"\0\0",
        lambda _data: b"",
        lambda _data: b"\xff" * 4000,
    ],
    ids=["another leaf", "shorter", "longer", "nothing", "garbage"],
)
def test_leaves_that_are_not_the_heads_are_refused_and_nothing_is_kept(visits: Visits, lie: Callable[[bytes], bytes]) -> None:
    visits.grow(1, 2, 3)
    honest = visits.get
    visits.get = lambda url, most: lie(honest(url, most)) if "/entries/" in url else honest(url, most)  # type: ignore[method-assign]
    with pytest.raises(Refusal, match="proof_invalid"):
        visits.visit()
    assert visits.seen is not None
    assert (visits.seen.size, visits.seen.read) == (3, 0)
    with visits.nodes.city.work.read() as work:
        assert work.records.find_peers_issued(COUNTY.code, f"{1:064x}") is None


def test_what_was_read_is_kept_once_and_forgotten_with_the_log_on_both_engines(engine: sa.Engine, vault: Vault) -> None:
    create_all(engine, licenses_storage.metadata, audit.metadata)
    seen = Witnessed("445122", "key", 5, b"r" * 32, "note", AT)
    with engine.begin() as connection:
        records = SqlLicenseRecords(connection, vault)
        records.put_witnessed(seen)
        records.put_peers_issued(seen, {"a" * 64: 0, "b" * 64: 1}, read=3)
        records.put_peers_issued(seen, {"c" * 64: 2}, read=4)  # by another visit that began where this one did
        records.put_witnessed(Witnessed("445122", "key", 6, b"s" * 32, "note", AT))
        assert records.witnessed()[0].read == 3
        assert [records.find_peers_issued("445122", letter * 64) for letter in "abc"] == [0, 1, None]
        records.drop_witnessed("445122")
        assert records.find_peers_issued("445122", "a" * 64) is None


def test_what_was_seen_never_shrinks_and_a_fault_is_kept_once_on_both_engines(engine: sa.Engine, vault: Vault) -> None:
    create_all(engine, licenses_storage.metadata, audit.metadata)
    with engine.begin() as connection:
        records = SqlLicenseRecords(connection, vault)
        seen = Witnessed("445122", "key", 5, b"r" * 32, "note", AT)
        later = Witnessed("445122", "key", 5, b"r" * 32, "note 2", AT + timedelta(minutes=1))
        assert records.put_witnessed(seen)
        assert records.put_witnessed(later)
        for size, root, key in ((4, b"r", "key"), (5, b"s", "key"), (9, b"r", "other")):
            assert not records.put_witnessed(Witnessed("445122", key, size, root * 32, "x", AT))
        assert records.witnessed() == [later]
        newer = Cosigned("445122", "key", 7, "note", AT + timedelta(minutes=1))
        records.put_cosigned(newer)
        records.put_cosigned(Cosigned("445122", "key", 6, "note", AT))
        assert records.cosigned() == [newer]
        fault = LogFault("445122", "fork", "held", "shown", AT, "445100")
        assert records.add_log_fault(fault)
        assert not records.add_log_fault(LogFault("445122", "fork", "held", "shown later", AT, "445100"))
        assert records.log_faults() == [fault]
        assert records.settle_log_faults("445122", by="operator:chen") == 1
