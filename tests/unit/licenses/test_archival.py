"""Documents of the archive: stamped again in time, known by what is below the stamps, genuine only when every stamp is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from kernel.clock import FixedClock
from licenses import archival, archive
from licenses.issue import issue
from licenses.ports import LicenseDeps
from pki import archive_stamps, archiving, authority, crl
from tests.support.federation import Federation, federation
from tests.support.issuing import application, with_form
from tests.support.logs import AT

ACTOR = "operator:test"


def test_a_type_that_policy_wants_archived_is_so_from_the_first_day(deps: LicenseDeps) -> None:
    receipt = issue(with_form(deps, "B-LTA"), application(deps), actor=ACTOR)
    below, stamps = archive_stamps.peel(receipt.pdf)
    assert len(stamps) == 1
    assert hashlib.sha256(below).hexdigest() == receipt.record.pdf_sha256
    assert archival.below(receipt.pdf)[0] == below
    plain = issue(deps, application(deps, number="445122202100000003"), actor=ACTOR)
    assert archive_stamps.peel(plain.pdf) == (plain.pdf, ())


def test_before_the_authority_ends_all_is_stamped_again_once(deps: LicenseDeps, clock: FixedClock) -> None:
    records = [issue(deps, application(deps, number=f"44512220210000000{n}"), actor=ACTOR).record for n in (2, 3)]
    assert archival.count_due(deps) == archival.renew_due(deps, actor=ACTOR) == 0
    with deps.pki.work.read() as work:
        (first,) = work.records.certificates(profile="tsa")
    clock.moment = first.not_after - timedelta(days=20)
    authority.renew_due(deps.pki)
    crl.refresh_due(deps.pki)
    done: list[int] = []
    assert archival.count_due(deps) == 2
    assert archival.renew_due(deps, actor=ACTOR, progress=done.append) == 2
    assert archival.count_due(deps) == archival.renew_due(deps, actor=ACTOR) == 0
    assert done == [1, 1]
    for record in records:
        pdf = archive.get_document(deps, record)
        assert hashlib.sha256(archival.below(pdf)[0]).hexdigest() == record.pdf_sha256
        assert len(archive_stamps.peel(pdf)[1]) == 1


def test_two_at_once_stamp_a_document_once(deps: LicenseDeps, clock: FixedClock) -> None:
    record = issue(deps, application(deps), actor=ACTOR).record
    before, at = clock.now() + timedelta(days=1), clock.now() + timedelta(days=2)
    with deps.work.begin() as work:
        assert work.records.renew_document(record.identifier, b"a", at, before=before)
        assert not work.records.renew_document(record.identifier, b"b", at, before=before)
        assert work.records.find_document(record.identifier) == b"a"


def test_a_stamp_that_does_not_hold_stays_on(deps: LicenseDeps) -> None:
    pdf = issue(deps, application(deps), actor=ACTOR).pdf
    forged = archive_stamps.extend(pdf, (), (), lambda digest: b"0\x82\x01\x00" + digest * 8)
    assert archive_stamps.peel(forged)[0] == pdf
    assert archival.below(forged) == (forged, None)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    clock = FixedClock(AT)
    with federation(tmp_path_factory.mktemp("federation"), clock) as made:
        clock.advance(timedelta(hours=6))
        yield made


def test_an_archived_licence_passes_at_home_and_at_another_node(nodes: Federation) -> None:
    for pdf, pki in ((nodes.issue_at_city(), nodes.city.pki), (nodes.issue_at_county(), nodes.county.pki)):
        for archived in (archiving.archive(pki, pdf), archiving.archive(pki, archiving.archive(pki, pdf))):
            verdict = nodes.verify(archived)
            assert (verdict.indication, verdict.subindication) == ("TOTAL_PASSED", None), verdict.message
            assert verdict.level == "B-LTA"


def test_what_only_looks_archived_is_called_changed(nodes: Federation) -> None:
    pdf = nodes.issue_at_city(number="445122202100000005")
    archived = archiving.archive(nodes.city.pki, pdf)
    token = archived.index(b"/Contents <", len(pdf)) + 400
    flipped = archived[:token] + (b"0" if archived[token : token + 1] != b"0" else b"1") + archived[token + 1 :]
    forged = archive_stamps.extend(pdf, (), (), lambda digest: b"0\x82\x01\x00" + digest * 8)
    for wrong in (archived + b"\n", flipped, forged, archived[: len(pdf) + 300]):
        verdict = nodes.verify(wrong)
        assert verdict.indication == "TOTAL_FAILED", verdict.message
        assert verdict.subindication in {"TAMPERED", "FORMAT_FAILURE"}
