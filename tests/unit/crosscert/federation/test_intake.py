"""Lists taken in: only the exact issuer's, never backwards, whatever comes first, and nothing is left of what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from crosscert.errors import CRL_NOT_GENUINE, CRL_TOO_MANY
from crosscert.federation import intake
from crosscert.federation.intake import store_crls, take_crl
from crosscert.paths.crls import ParsedCrl, parse_crl
from crosscert.storage import SqlCrosscertRecords, metadata
from kernel.errors import Refusal
from tests.support.databases import create_all
from tests.unit.crosscert.forge import NOW, signer

ROOT, COUNTY, SIBLING = signer("root"), signer("county"), signer("sibling")
CAS = ROOT.ca(COUNTY), ROOT.ca(SIBLING)
LEAF = COUNTY.leaf("seal")
OLD = COUNTY.crl(number=7, this_update=NOW - timedelta(hours=3))
REAL = COUNTY.crl(LEAF, number=8)
FORGED = COUNTY.crl(number=10_000, signed_by="attacker")
FORGED_BY_SIBLING = COUNTY.crl(number=10_001, signed_by="sibling")
SIBLINGS = SIBLING.crl(number=3)


@pytest.fixture
def records(engine: sa.Engine) -> Iterator[SqlCrosscertRecords]:
    create_all(engine, metadata)
    with engine.connect() as connection:
        yield SqlCrosscertRecords(connection)
        connection.rollback()


def arrive(records: SqlCrosscertRecords, lists: Sequence[ParsedCrl]) -> list[ParsedCrl]:
    """Take in one after the other; return those that were refused as not genuine."""
    outcomes = [outcome(records, found) for found in lists]
    assert set(outcomes) <= {"ok", CRL_NOT_GENUINE.code}
    return [found for found, said in zip(lists, outcomes, strict=True) if said != "ok"]


def outcome(records: SqlCrosscertRecords, found: ParsedCrl) -> str:
    try:
        store_crls(records, "445122", [take_crl(found, CAS, NOW)], NOW)
    except Refusal as refusal:
        return refusal.code
    return "ok"


def held(records: SqlCrosscertRecords) -> set[str]:
    """The digests of the newest list of each key and scope."""
    return {found.sha256 for found in records.crls()}


def test_a_forged_list_in_a_siblings_name_is_refused_in_every_order_of_arrival(records: SqlCrosscertRecords) -> None:
    forged = [FORGED, FORGED_BY_SIBLING]
    for order in permutations([REAL, SIBLINGS, *forged]):
        point = records._connection.begin_nested()
        assert set(arrive(records, order)) == set(forged)
        assert held(records) == {REAL.sha256, SIBLINGS.sha256}
        point.rollback()


def test_a_forged_list_is_refused_while_the_real_one_is_withheld(records: SqlCrosscertRecords) -> None:
    for order in permutations([SIBLINGS, FORGED, FORGED_BY_SIBLING]):
        point = records._connection.begin_nested()
        arrive(records, order)
        assert held(records) == {SIBLINGS.sha256}
        point.rollback()
    arrive(records, [FORGED, FORGED_BY_SIBLING])
    assert held(records) == set()


def test_the_newest_list_is_held_in_every_order_and_an_older_one_that_comes_late_is_refused(records: SqlCrosscertRecords) -> None:
    for order in permutations([OLD, REAL, FORGED]):
        point = records._connection.begin_nested()
        late = [OLD] if order.index(OLD) > order.index(REAL) else []
        assert set(arrive(records, order)) == {FORGED, *late}
        assert held(records) == {REAL.sha256}
        point.rollback()


def test_two_lists_under_one_number_are_refused_and_the_same_one_again_is_not(records: SqlCrosscertRecords) -> None:
    other = COUNTY.crl(number=8)
    assert arrive(records, [REAL, REAL, other]) == [other]
    assert held(records) == {REAL.sha256}


def test_each_partition_has_its_own_newest_list_and_hides_no_other(records: SqlCrosscertRecords) -> None:
    parts = [COUNTY.crl(number=20 + place, more=[(partition(place), True)]) for place in range(3)]
    for order in permutations([REAL, *parts]):
        point = records._connection.begin_nested()
        assert arrive(records, order) == []
        assert held(records) == {REAL.sha256, *(each.sha256 for each in parts)}
        point.rollback()


def partition(number: int) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(f"http://localhost:8122/pki/issuing/{number}.crl")],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


@given(st.integers(0, len(REAL.der) - 1), st.integers(1, 255))
def test_a_list_with_one_octet_changed_is_never_taken(place: int, change: int) -> None:
    der = bytearray(REAL.der)
    der[place] ^= change
    with pytest.raises(Refusal):
        take_crl(parse_crl(bytes(der)), CAS, NOW)


@given(st.binary(max_size=300), st.integers(0, len(REAL.der)))
def test_garbage_and_torn_lists_are_refused_by_name(garbage: bytes, end: int) -> None:
    for der in (garbage, REAL.der[:end] + garbage if end < len(REAL.der) else garbage, b"\x30\x84\x7f\xff\xff\xff" + garbage):
        with pytest.raises(Refusal):
            take_crl(parse_crl(der), CAS, NOW)


@pytest.mark.parametrize(("number", "said"), [(2**160 - 1, "ok"), (2**160, CRL_NOT_GENUINE.code), (-1, CRL_NOT_GENUINE.code)])
def test_a_number_is_of_twenty_octets_at_most(records: SqlCrosscertRecords, number: int, said: str) -> None:
    assert outcome(records, REAL) == "ok"
    assert outcome(records, replace(COUNTY.crl(), number=number)) == said
    if said == "ok":
        assert outcome(records, replace(COUNTY.crl(), number=number - 1)) == CRL_NOT_GENUINE.code


def test_a_ca_does_not_fill_the_archive_with_partitions_nor_with_lists(
    records: SqlCrosscertRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_SCOPES", 2)
    monkeypatch.setattr(intake, "MOST_A_DAY", 3)
    assert [outcome(records, COUNTY.crl(more=[(partition(place), True)])) for place in range(2)] == ["ok", "ok"]
    point = records._connection.begin_nested()
    assert outcome(records, COUNTY.crl(more=[(partition(2), True)])) == CRL_TOO_MANY.code
    point.rollback()
    assert outcome(records, COUNTY.crl(more=[(partition(0), True)])) == "ok"
    assert outcome(records, COUNTY.crl(more=[(partition(0), True)])) == CRL_TOO_MANY.code
    assert outcome(records, SIBLING.crl()) == "ok"  # another's are another's
    monkeypatch.setattr(intake, "MOST_OCTETS_A_DAY", 2 * len(SIBLINGS.der) - 20)  # a signature is a few octets more or less
    assert outcome(records, SIBLING.crl()) == CRL_TOO_MANY.code
