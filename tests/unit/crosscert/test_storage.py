"""What the store promises, on both databases: conditions in one statement, numbers that never fall, the newest of each scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from crosscert import storage
from crosscert.records import (
    Agreement,
    Approval,
    Constraints,
    Delivery,
    ListTag,
    Peer,
    ProbeResult,
    StoredCertificate,
    StoredCrl,
    SyncedObject,
)
from crosscert.storage import SqlCrosscertRecords
from tests.support.databases import create_all
from tests.support.pki import CITY, COUNTY

NOW = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
CONSTRAINTS = Constraints(1, (COUNTY.names,), ("localhost",), ("localhost",), ("1.2.1",), (("1.2.1", "1.3.1"),), 0, 1095)
AGREEMENT = Agreement("a1", COUNTY, "requested", "account:chen", NOW, "ABCD-EFGH-IJKL", CONSTRAINTS, b"der")
CRL = StoredCrl("s1", COUNTY.code, "key", "scope", 1, NOW, NOW + timedelta(days=1), NOW, b"list")


@pytest.fixture
def records(engine: sa.Engine) -> Iterator[SqlCrosscertRecords]:
    create_all(engine, storage.metadata)
    with engine.begin() as connection:
        yield SqlCrosscertRecords(connection)


def test_an_agreement_comes_back_as_it_was_stored(records: SqlCrosscertRecords) -> None:
    assert records.add_agreement(AGREEMENT)
    assert records.find_agreement("a1") == AGREEMENT
    assert records.agreements() == [AGREEMENT]
    assert records.agreements(peer_code=CITY.code) == []
    assert records.find_agreement("a2") is None


def test_only_one_agreement_with_a_node_is_open(records: SqlCrosscertRecords) -> None:
    assert records.add_agreement(AGREEMENT)
    another = replace(AGREEMENT, identifier="a2")
    assert not records.add_agreement(another)
    assert records.move_agreement("a1", before="requested", after="rejected", attempt=0, at=NOW)
    assert records.add_agreement(another)
    stored = records.find_agreement("a1")
    assert stored is not None
    assert (stored.state, stored.ended_at) == ("rejected", NOW)


def test_everything_of_an_agreement_is_stored(records: SqlCrosscertRecords) -> None:
    outside = replace(CITY, code="GDCA", level="outside")
    whole = replace(
        AGREEMENT,
        kind="outside",
        peer=outside,
        misses=2,
        replaces="a0",
        offers=(b"\x00", b"1"),
        crl_urls=("http://ca.example/1.crl",),
    )
    assert records.add_agreement(whole)
    assert records.find_agreement("a1") == whole
    peer = Peer(outside, "outside", None, "k1", crl_urls=whole.crl_urls)
    records.put_peer(peer)
    assert records.find_peer("GDCA") == peer


def test_a_node_may_be_asked_and_certified_at_one_time(records: SqlCrosscertRecords) -> None:
    assert records.add_agreement(AGREEMENT)
    assert records.add_agreement(replace(AGREEMENT, identifier="a2", kind="asked"))
    assert not records.add_agreement(replace(AGREEMENT, identifier="a3", kind="asked"))


def test_wrong_codes_count_while_the_code_is_waited_for(records: SqlCrosscertRecords) -> None:
    records.add_agreement(AGREEMENT)
    assert [records.count_miss("a1") for _ in range(3)] == [1, 2, 3]
    records.move_agreement("a1", before="requested", after="compared", attempt=0)
    assert records.count_miss("a1") is None
    assert records.count_miss("a9") is None


def test_a_revocation_is_reviewed_once(records: SqlCrosscertRecords) -> None:
    records.add_agreement(replace(AGREEMENT, state="issued"))
    assert not records.review_agreement("a1", by="account:li", at=NOW)
    assert records.move_agreement("a1", before="issued", after="revoked", attempt=0, at=NOW, by="account:wang")
    assert records.review_agreement("a1", by="account:li", at=NOW)
    assert not records.review_agreement("a1", by="account:zhao", at=NOW)
    stored = records.find_agreement("a1")
    assert stored is not None
    assert (stored.ended_by, stored.reviewed_by, stored.reviewed_at) == ("account:wang", "account:li", NOW)


def test_an_agreement_moves_only_from_where_it_is(records: SqlCrosscertRecords) -> None:
    records.add_agreement(AGREEMENT)
    assert not records.move_agreement("a1", before="approved", after="issuing", attempt=0)
    assert records.move_agreement("a1", before="requested", after="approved", attempt=0)
    assert records.move_agreement("a1", before="approved", after="issuing", attempt=0)
    assert not records.move_agreement("a1", before="issuing", after="issuing", attempt=0)
    assert records.move_agreement("a1", before="issuing", after="issuing", attempt=1)
    assert not records.finish_issuing("a1", attempt=1, serial="01", certificate=b"x", at=NOW)
    assert records.finish_issuing("a1", attempt=2, serial="02", certificate=b"y", at=NOW)
    stored = records.find_agreement("a1")
    assert stored is not None
    assert (stored.state, stored.serial, stored.certificate, stored.attempt) == ("issued", "02", b"y", 2)
    assert stored.issued_at == NOW


def test_a_person_approves_a_plan_once_and_another_plan_instead(records: SqlCrosscertRecords) -> None:
    records.add_agreement(replace(AGREEMENT, state="compared"))
    li = Approval("account:li", NOW, "li", "p1")
    assert records.add_approval("a1", li)
    assert not records.add_approval("a1", replace(li, approver="operator:Li"))
    assert records.add_approval("a1", Approval("account:wang", NOW, "wang", "p1"))
    assert (records.count_approvals("a1", "p1"), records.count_approvals("a1", "p2")) == (2, 0)
    again = replace(li, at=NOW + timedelta(hours=1), plan_sha256="p2")
    assert records.add_approval("a1", again)
    assert (records.count_approvals("a1", "p1"), records.count_approvals("a1", "p2")) == (1, 1)
    stored = records.find_agreement("a1")
    assert stored is not None
    assert stored.approvals == (Approval("account:wang", NOW, "wang", "p1"), again)
    records.move_agreement("a1", before="compared", after="approved", attempt=0)
    assert not records.add_approval("a1", Approval("account:zhao", NOW, "zhao", "p2"))
    assert not records.add_approval("a9", Approval("account:zhao", NOW, "zhao", "p2"))


def test_a_peer_keeps_how_fetching_went_and_does_not_become_less_than_agreed(records: SqlCrosscertRecords) -> None:
    first, second = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
    records.put_peer(Peer(COUNTY, "member", CITY.code, "k1"))
    records.note_heard(COUNTY.code, at=NOW, full=True)
    for at in (first, second):
        records.note_failed(COUNTY.code, at=at, error="peer_unreachable", text="down", next_try_at=at + timedelta(hours=1))
    records.put_peer(Peer(COUNTY, "agreed", None, "k2"))
    records.put_peer(Peer(COUNTY, "member", CITY.code, "k3"))
    found = records.find_peer(COUNTY.code)
    assert found == Peer(
        node=COUNTY,
        relation="agreed",
        learned_from=None,
        principal_key="k2",
        last_ok_at=NOW,
        last_tried_at=second,
        last_error="peer_unreachable",
        last_error_text="down",
        failing_since=first,
        failures=2,
        next_try_at=second + timedelta(hours=1),
        full_at=NOW,
    )
    heard = NOW + timedelta(minutes=3)
    records.note_heard(COUNTY.code, at=heard)
    assert records.find_peer(COUNTY.code) == Peer(COUNTY, "agreed", None, "k2", heard, heard, full_at=NOW)
    records.put_peer(Peer(CITY, "member", None, None))
    assert [peer.node.code for peer in records.peers()] == [COUNTY.code, CITY.code]
    assert records.find_peer("445121") is None


def test_tags_and_probes_are_kept_by_what_they_are_of(records: SqlCrosscertRecords) -> None:
    records.put_list_tag(ListTag(CITY.code, "http://a/1.crl", '"1"'))
    records.put_list_tag(ListTag(CITY.code, "http://a/2.crl", '"2"'))
    records.put_list_tag(ListTag(CITY.code, "http://a/1.crl", '"3"'))
    assert [tag.etag for tag in records.list_tags(CITY.code)] == ['"3"', '"2"']
    assert records.list_tags(COUNTY.code) == []
    good = ProbeResult(CITY.code, "ocsp", ok=True, detail="revoked", at=NOW, since=NOW)
    bad = replace(good, ok=False, detail="good", at=NOW + timedelta(hours=1), since=NOW + timedelta(hours=1))
    records.put_probe(good)
    records.put_probe(replace(good, node_code=COUNTY.code))
    records.put_probe(bad)
    assert records.probes(CITY.code) == [bad]
    assert len(records.probes()) == 2


def test_what_a_peer_took_is_not_forgotten_for_a_lower_number(records: SqlCrosscertRecords) -> None:
    failed = Delivery(CITY.code, "principal", 0, None, NOW, 1, NOW + timedelta(minutes=1), "peer_unreachable", "down")
    records.put_delivery(failed)
    assert records.deliveries() == [failed]
    taken = Delivery(CITY.code, "principal", 7, NOW, NOW)
    records.put_delivery(taken)
    records.put_delivery(failed)  # an earlier try that ends later
    assert records.deliveries() == [taken]


def test_the_number_of_a_list_never_falls_within_its_key_and_scope(records: SqlCrosscertRecords) -> None:
    large = 2**158
    assert records.add_crl(replace(CRL, number=9))
    assert records.add_crl(replace(CRL, number=10, sha256="s2", this_update=NOW + timedelta(hours=1)))
    assert not records.add_crl(replace(CRL, number=10, sha256="s3"))
    assert not records.add_crl(replace(CRL, number=9, sha256="s4"))
    assert records.add_crl(replace(CRL, scope="other", number=1, sha256="s5"))
    assert records.add_crl(replace(CRL, issuer_key="other", number=1, sha256="s6", next_update=None))
    held = records.find_crl("key", "scope")
    assert held == replace(CRL, number=10, sha256="s2", this_update=NOW + timedelta(hours=1))
    assert records.add_crl(replace(CRL, number=large, sha256="s7", this_update=NOW + timedelta(hours=2)))
    assert [found.number for found in records.crls()] == [1, large, 1]
    then = {(found.issuer_key, found.scope): found.number for found in records.crls(at=NOW + timedelta(minutes=90))}
    assert then == {("key", "scope"): 10, ("key", "other"): 1, ("other", "scope"): 1}
    assert records.crls(at=NOW - timedelta(seconds=1)) == []


def test_certificates_are_kept_once(records: SqlCrosscertRecords) -> None:
    stored = StoredCertificate("aa", "cross", COUNTY.code, b"der", NOW)
    assert records.add_certificate(stored)
    assert not records.add_certificate(replace(stored, kind="issuing"))
    assert records.certificates() == [stored]
    assert records.certificates(kind="issuing") == []
    assert records.add_certificate(replace(stored, kind="received"))
    assert not records.add_certificate(replace(stored, kind="received"))
    assert not records.add_certificate(stored)
    assert [each.kind for each in records.certificates()] == ["received"]


def test_an_object_is_replaced_and_confirmed(records: SqlCrosscertRecords) -> None:
    held = SyncedObject(COUNTY.code, "status_list", "http://localhost/a", b"1", '"e"', NOW, NOW, NOW + timedelta(days=1))
    records.put_object(held)
    records.put_object(replace(held, data=b"2", etag=None))
    records.confirm_object(COUNTY.code, "status_list", NOW + timedelta(minutes=1))
    assert records.find_object(COUNTY.code, "status_list") == replace(
        held, data=b"2", etag=None, fetched_at=NOW + timedelta(minutes=1)
    )
    assert records.find_object(CITY.code, "status_list") is None


def test_the_generation_rises(records: SqlCrosscertRecords) -> None:
    assert records.generation() == 0
    for expected in (1, 2, 3):
        records.raise_generation()
        assert records.generation() == expected


def test_every_column_says_how_sensitive_it_is() -> None:
    for table in storage.metadata.tables.values():
        assert table.name.startswith("crosscert_")
        for column in table.columns:
            assert column.info["sensitivity"] in {"public", "internal"}, column


def test_who_was_heard_when_is_told_of_those_asked_for(records: SqlCrosscertRecords) -> None:
    for node in (CITY, COUNTY):
        records.put_peer(Peer(node, "agreed", None, None))
    records.note_heard(CITY.code, at=NOW)
    assert records.heard({CITY.code, COUNTY.code, "445121"}) == {CITY.code: NOW}
    assert records.heard({COUNTY.code}) == {}
    assert records.heard(()) == {}
