"""Documents of the archive: stamped again in time, known by what is below the stamps, genuine only when every stamp is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from asn1crypto import cms

from kernel.clock import FixedClock
from licenses import archival, archive
from licenses.issue import issue
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from pki import archive_stamps, archiving, authority, crl
from pki.archiving import Worn
from tests.support.federation import Federation, federation
from tests.support.issuing import application, with_form, with_licenses
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
    records = issued_two(deps)
    deps = with_ends(deps, dict.fromkeys(("P-256", "SHA-256"), date(2100, 1, 1)))
    assert (due(deps), renewed(deps)) == (0, 0)
    with deps.pki.work.read() as work:
        (first,) = work.records.certificates(profile="tsa")
    clock.moment = first.not_after - timedelta(days=20)
    authority.renew_due(deps.pki)
    crl.refresh_due(deps.pki)
    done: list[int] = []
    assert due(deps) == 2
    assert renewed(deps, progress=done.append) == 2
    assert (due(deps), renewed(deps)) == (0, 0)
    assert done == [1, 1]
    assert_stamped(deps, records, "sha256")


def test_before_a_hash_is_given_up_all_is_stamped_over_another_one_some_at_a_time(deps: LicenseDeps, clock: FixedClock) -> None:
    records = issued_two(deps)
    deps = with_ends(deps, {"SHA-256": clock.now().date() + timedelta(days=366)})
    assert due(deps) == 0
    clock.advance(timedelta(days=2))
    crl.refresh_due(deps.pki)
    assert [(due(deps), renewed(deps, limit=1)) for _ in range(3)] == [(2, 1), (1, 1), (0, 0)]
    assert_stamped(deps, records, "sha384")


def test_a_new_document_is_stamped_over_a_hash_that_lasts_and_not_again_at_once(deps: LicenseDeps, clock: FixedClock) -> None:
    deps = with_form(with_ends(deps, {"SHA-256": clock.now().date() + timedelta(days=30)}), "B-LTA")
    record = issue(deps, application(deps), actor=ACTOR).record
    assert due(deps) == 0
    assert_stamped(deps, [record], "sha384")


def test_before_a_signature_algorithm_is_given_up_the_authority_takes_a_key_of_another_kind(
    deps: LicenseDeps, clock: FixedClock
) -> None:
    records = issued_two(deps)
    deps = with_ends(deps, {"P-256": clock.now().date() + timedelta(days=200)})
    # As long as new time-stamps are by the same kind of key nothing would be better off; that is told.
    assert (due(deps), list(archiving.find_ageing(deps.pki, archival.ageing_of(deps)))) == (0, ["P-256"])
    clock.advance(timedelta(hours=1))
    deps = with_tsa(deps, "P-384")
    authority.renew_due(deps.pki)
    crl.refresh_due(deps.pki)
    assert not archiving.find_ageing(deps.pki, archival.ageing_of(deps))
    assert (due(deps), renewed(deps), due(deps)) == (2, 2, 0)
    assert_stamped(deps, records, "sha256")
    authority.renew_due(deps.pki)  # once
    with deps.pki.work.read() as work:
        assert len(work.records.certificates(profile="tsa")) == 2


def test_a_document_that_cannot_be_stamped_keeps_no_other_from_it(deps: LicenseDeps, clock: FixedClock) -> None:
    records = issued_two(deps)
    deps = with_ends(deps, {"SHA-256": clock.now().date()})
    with deps.work.begin() as work:
        (damaged, _pdf), _other = work.records.worn_documents(archival.find_due(deps), after=None, limit=5)
        stored = deps.vault.encrypt_bytes(b"%PDF-1.7 damaged", archive.DOCUMENT_CONTEXT)
        assert work.records.renew_document(damaged, stored, "sha256", clock.now() - timedelta(days=1))
    crl.refresh_due(deps.pki)
    came = archival.renew_due(deps, archival.find_due(deps), actor=ACTOR, limit=1)
    assert (came.done, list(came.failed)) == (1, [damaged.identifier])
    assert due(deps) == 1
    assert_stamped(deps, [one for one in records if one.identifier != damaged.identifier], "sha384")


def test_two_at_once_stamp_a_document_once(deps: LicenseDeps, clock: FixedClock) -> None:
    record = issue(deps, application(deps), actor=ACTOR).record
    at = clock.now() + timedelta(days=2)
    with deps.work.begin() as work:
        ((stamped, _pdf),) = work.records.worn_documents(Worn(at, frozenset()), after=None, limit=2)
        assert work.records.renew_document(stamped, b"a", "sha384", at)
        assert not work.records.renew_document(stamped, b"b", "sha384", at)
        assert work.records.find_document(record.identifier) == b"a"


def issued_two(deps: LicenseDeps) -> list[LicenseRecord]:
    return [issue(deps, application(deps, number=f"44512220210000000{n}"), actor=ACTOR).record for n in (2, 3)]


def due(deps: LicenseDeps) -> int:
    return archival.count_due(deps, archival.find_due(deps))


def renewed(deps: LicenseDeps, **how: Any) -> int:
    return archival.renew_due(deps, archival.find_due(deps), actor=ACTOR, **how).done


def with_ends(deps: LicenseDeps, ends: dict[str, date]) -> LicenseDeps:
    """Return the node, trusting some algorithms until another day."""
    rules = deps.policies.licenses.archive
    return with_licenses(deps, archive=rules.model_copy(update={"trusted_until": rules.trusted_until | ends}))


def with_tsa(deps: LicenseDeps, algorithm: str) -> LicenseDeps:
    """Return the node as it is when it is started again with another kind of key for its time-stamp authority."""
    profiles = deps.pki.policies.profiles
    changed = {**profiles, "tsa": profiles["tsa"].model_copy(update={"key_algorithm": algorithm})}
    return replace(deps, pki=replace(deps.pki, policies=deps.pki.policies.model_copy(update={"profiles": changed}), kept={}))


def assert_stamped(deps: LicenseDeps, records: Sequence[LicenseRecord], digest: str) -> None:
    """Check that each has one archive time-stamp over this hash, which holds, and is the document that it was below it."""
    for record in records:
        pdf = archive.get_document(deps, record)
        below, newest = archival.below(pdf)
        assert newest is not None
        assert hashlib.sha256(below).hexdigest() == record.pdf_sha256
        (stamp,) = archive_stamps.peel(pdf)[1]
        signed = cms.ContentInfo.load(stamp.token)["content"]
        hashes = {
            signed["digest_algorithms"][0]["algorithm"].native,
            signed["encap_content_info"]["content"].parsed["message_imprint"]["hash_algorithm"]["algorithm"].native,
            signed["signer_infos"][0]["signature_algorithm"].hash_algo,
        }
        assert hashes == {digest}


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
