"""A document is read in several ways, which must agree; and whoever answers for the slowest is not believed blindly."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import known, own_form, reading, reading_json, status
from licenses.documents import parse
from licenses.gathering import Court
from licenses.ports import LicenseDeps
from licenses.registry_records import Known
from licenses.speeds import take_apart
from licenses.verification import examine, verify
from licenses.verify import judge
from pki import seals
from pki.authority import revoke
from tests.support import pdfs
from tests.support.authorities import Authority
from tests.support.federation import Federation, federation
from tests.support.license_data import COUNTY_ISSUER, example_data
from tests.support.mutations import mutations


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with federation(tmp_path_factory.mktemp("federation"), clock) as made:
        clock.advance(timedelta(hours=6))
        yield made


def find(pdf: bytes) -> reading.Reading | None:
    return own_form.find_reading(pdf, hashlib.sha256(pdf).hexdigest())


def known_of(nodes: Federation, pdf: bytes) -> Known:
    with nodes.city.work.read() as work:
        return work.records.find_known([hashlib.sha256(pdf).hexdigest()])[hashlib.sha256(pdf).hexdigest()]


def by_all_speeds(nodes: Federation, pdf: bytes) -> list[dict[str, object]]:
    """Return the verdict on a licence of the city by each way of reading it; all three must answer."""
    nodes.verify(pdf)
    found = known_of(nodes, pdf)
    kept, strict = known.find_reading(nodes.city, found, len(pdf)), find(pdf)
    assert kept is not None
    assert strict is not None
    court = Court(nodes.city, nodes.now)
    said = [judge(court.gather(each, found.record), nodes.now).as_json() for each in (kept, strict, reading.read(pdf))]
    said.append(examine(court, nodes.city, pdf, hashlib.sha256(pdf).hexdigest(), found).verdict.as_json())
    return said


def test_all_speeds_say_the_same_of_a_licence_whatever_becomes_of_it(nodes: Federation) -> None:
    pdf = nodes.issue_at_city()
    data = parse(pdf).data
    assert data is not None
    said = by_all_speeds(nodes, pdf)
    assert said[0]["indication"] == "TOTAL_PASSED"
    assert said.count(said[0]) == len(said)
    for code, subindication in (("02", "LICENSE_SUSPENDED"), ("07", "LICENSE_REVOKED")):
        status.change(nodes.city, data.identifier, code, reason="test", actor="operator:test")
        said = by_all_speeds(nodes, pdf)
        assert said[0]["subindication"] == subindication
        assert said.count(said[0]) == len(said)


def test_all_speeds_say_the_same_when_the_seal_is_revoked(tmp_path_factory: pytest.TempPathFactory) -> None:
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with federation(tmp_path_factory.mktemp("revoked"), clock) as fresh:
        pdf = fresh.issue_at_city()
        clock.advance(timedelta(minutes=5))
        seal = seals.find_seal(fresh.city.pki, COUNTY_ISSUER[1])
        assert seal is not None
        revoke(fresh.city.pki, seal.certificate.serial, "key_compromise", clock.now())
        clock.advance(timedelta(seconds=1))
        said = by_all_speeds(fresh, pdf)
    assert said[0]["subindication"] == "REVOKED"
    assert said.count(said[0]) == len(said)


def test_what_a_licence_shows_is_kept_as_soon_as_it_is_sealed(nodes: Federation) -> None:
    pdf = nodes.issue_at_city(number="445122202100000033")
    assert known_of(nodes, pdf).reading == known.keep(reading.read(pdf))


def test_of_a_licence_of_which_nothing_is_kept_the_same_is_said_and_then_it_is_kept(nodes: Federation) -> None:
    pdf = nodes.issue_at_city(number="445122202100000034")
    digest = hashlib.sha256(pdf).hexdigest()
    before = known_of(nodes, pdf)
    nothing = replace(before, reading=None)
    verdicts = [examine(Court(nodes.city, nodes.now), nodes.city, pdf, digest, each) for each in (before, nothing)]
    assert verdicts[0].verdict == verdicts[1].verdict
    assert [each.reading for each in verdicts] == [None, before.reading]


def test_what_was_kept_counts_only_while_the_registry_says_the_same(nodes: Federation) -> None:
    pdf = nodes.issue_at_city(number="445122202100000031")
    nodes.verify(pdf)
    found = known_of(nodes, pdf)
    assert known.find_reading(nodes.city, found, len(pdf)) is not None
    other = replace(found, record=replace(found.record, holder_name="别人"))
    assert known.find_reading(nodes.city, other, len(pdf)) is None
    assert known.find_reading(nodes.city, replace(found, reading=b"[]"), len(pdf)) is None
    assert known.find_reading(nodes.city, replace(found, reading=b"\xff"), len(pdf)) is None


def test_nothing_is_kept_of_what_is_not_sound_nor_of_the_holder(nodes: Federation) -> None:
    pdf = nodes.issue_at_city(number="445122202100000032")
    assert known.keep(reading.read(pdfs.trailing_bytes(pdf))) is None
    assert known.keep(reading.read(pdfs.time_stamp_removed(pdf))) is not None
    kept = known.keep(reading.read(pdf))
    assert kept is not None
    assert "饶平县金顺卤味食品厂" not in kept.decode()
    assert "91445122855JTN13AG" not in kept.decode()


@cache
def page() -> bytes:
    return pdfs.rendered(example_data(node="445122", issuer=COUNTY_ISSUER, url="http://localhost:18122"))


def sealed_by_county(nodes: Federation, content: bytes) -> bytes:
    """Return any page under the county's seal, in the form that this system writes."""
    seal = seals.find_seal(nodes.county.pki, COUNTY_ISSUER[1])
    assert seal is not None
    return seals.seal_pdf(nodes.county.pki, seal, content, at=nodes.now, reason="test")


def test_the_fast_way_reads_what_this_system_seals_as_the_slow_one_does(nodes: Federation) -> None:
    issued = nodes.issue_at_county()
    for pdf in (issued, nodes.issue_at_city(number="445122202100000033"), sealed_by_county(nodes, page())):
        found = find(pdf)
        assert found is not None
        assert found == reading.read(pdf)


def test_whatever_stands_under_a_real_seal_both_ways_read_the_same_or_the_fast_one_reads_nothing(nodes: Federation) -> None:
    """Pages that nobody renders, sealed as if they were: comments, other blanks, names in disguise, tables that lie."""
    nodes.issue_at_county(number="445122202100000034")
    chance = random.Random(7)  # noqa: S311
    disguised = [
        page().replace(b"/EmbeddedFiles", b"/Embedded#46iles"),
        page().replace(b"(license.json)", b"<6C6963656E73652E6A736F6E>"),
        page().replace(b"(license.json)", b"(licens\\145.json)"),
        page().replace(b"/Type/Catalog", b"/Type/Catalog%x\n"),
        page().replace(b"/EF<<", b"/EF<</F 4 0 R"),
        page().replace(b"/Subtype/application#2Fjson", b"/DecodeParms null"),
    ]
    read = 0
    for content in (*disguised, *(changed for _, changed in mutations_of_page(chance, 250))):
        try:
            pdf = sealed_by_county(nodes, content)
        except Refusal:
            continue
        found = find(pdf)
        if found is not None:
            read += 1
            assert found == reading.read(pdf)
    assert read > 20


def mutations_of_page(chance: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield the page with bytes of its objects changed: what is in its streams matters to nobody."""
    places = [place for place in range(len(page())) if page()[place : place + 1] in b"/<>[]() \n0123456789RFN"]
    for _ in range(count):
        at = chance.choice(places)
        put = chance.choice((b"", b" ", b"\n", b"/", b"<", b"%", b"0", b"9", b"(", b"#41", b"\0"))
        yield str(at), page()[:at] + put + page()[at + chance.choice((0, 1)) :]


def test_no_mutation_is_read_by_the_fast_way(nodes: Federation) -> None:
    """5,000 of them: whatever was changed, in what the seal covers or in the seal, is not the form any more or does not hold."""
    pdf = sealed_by_county(nodes, page())
    assert find(pdf) is not None
    assert [done for done, changed in mutations(pdf, 5_000, seed=20261123) if find(changed) is not None] == []


def test_no_mutation_is_called_genuine(nodes: Federation) -> None:
    """Of a county's licence at the city, where only the seal stands between a mutation and a passing verdict; `make bench` tries 5,000."""
    pdf = nodes.issue_at_county(number="445122202100000035")
    called = {}
    for done, changed in mutations(pdf, 400, seed=1):
        with suppress(Refusal):
            called[done] = nodes.verify(changed).indication
    assert set(called.values()) == {"TOTAL_FAILED"}


@cache
def sealed() -> bytes:
    return pdfs.sealed(pdfs.Sealing.by(Authority()), example_data())


@pytest.fixture
def pdf() -> bytes:
    return sealed()


def test_a_reading_comes_back_from_json_as_it_was(pdf: bytes) -> None:
    sealing = pdfs.Sealing.by(Authority())
    for content in (
        pdf,
        pdfs.trailing_bytes(pdf),
        pdfs.content_changed_by_update(pdf),
        pdfs.second_signature_added(pdf, sealing),
        pdfs.time_stamp_removed(pdf),
        pdfs.unsealed({"no": "licence"}),
    ):
        found = reading.read(content)
        assert reading_json.load(reading_json.dump(found)) == found


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_is_no_reading_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        reading_json.load(json.dumps(value).encode())


@given(
    place=st.integers(0, 100),
    inside=st.booleans(),
    put=st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers() | st.text() | st.none()),
)
def test_a_reading_with_anything_in_it_is_read_or_refused(place: int, *, inside: bool, put: object) -> None:
    value = json.loads(reading_json.read(sealed()))
    where = value["seal"] if inside else value
    where[sorted(where)[place % len(where)]] = put
    with suppress(ValueError):
        reading_json.load(json.dumps(value).encode())


def test_an_answer_about_another_file_is_not_taken(deps: LicenseDeps, pdf: bytes) -> None:
    other = pdfs.trailing_bytes(pdf)
    for said in (reading_json.read(other), b"{}", b"\xff", b"["):
        lying = replace(deps, take_apart=lambda _, said=said: said)
        with pytest.raises(Refusal) as refused:
            take_apart(lying, pdf, hashlib.sha256(pdf).hexdigest())
        assert refused.value.code == "document_too_costly"


def test_certificates_of_a_version_that_there_is_not_are_a_fault_of_the_file_alone(pdf: bytes) -> None:
    ends = [found.end() for found in re.finditer(rb"a003020102", pdf.lower())]
    assert ends
    for at in ends:
        strange = pdf[: at - 2] + b"03" + pdf[at:]
        assert own_form.find_reading(strange, "") is None
        seal = reading.read(strange).seal
        for der in () if seal is None else (seal.signer, seal.stamp and seal.stamp.certificate):
            if der is not None:
                x509.load_der_x509_certificate(der)  # a reading has none that cannot be loaded


def test_a_type_that_asks_more_of_seals_now_takes_nothing_from_those_of_its_older_version(nodes: Federation) -> None:
    own, countys = nodes.issue_at_city(number="445122202100000091"), nodes.issue_at_county(number="445122202100000091")
    rules = nodes.city.policies.licenses
    newer = tuple(kind.model_copy(update={"version": 2, "seal_level": "high"}) for kind in rules.types)
    licenses = rules.model_copy(update={"types": (*rules.types, *newer)})
    city = replace(nodes.city, policies=nodes.city.policies.model_copy(update={"licenses": licenses}))
    for pdf in (own, countys):
        assert verify(city, pdf, actor="operator:test").indication == "TOTAL_PASSED"
