"""The attack matrix: each row of it by name, and the verdict that is ours. Honest files first, or refusing everything would pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from crosscert.ports import CrosscertRecords
from crosscert.storage import SqlCrosscertRecords
from crosscert.trust import Trust
from kernel.clock import FixedClock
from licenses import status
from licenses.documents import parse
from licenses.issue import issue
from licenses.registry_records import StatusCode
from licenses.verdict import Verdict
from licenses.verification import verify
from pki import archive_stamps
from pki.authority import revoke
from service.unit_of_work import SqlUnitOfWork
from tests.support import pdfs
from tests.support.authorities import CITY_NAMES, COUNTY_NAMES, Authority
from tests.support.federation import COUNTY, Federation, federation
from tests.support.issuing import application, with_form
from tests.support.license_data import CITY_ISSUER, COUNTY_ISSUER


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with federation(tmp_path_factory.mktemp("federation"), clock) as made:
        clock.advance(timedelta(hours=6))
        yield made


@pytest.fixture(scope="module")
def own(nodes: Federation) -> bytes:
    return nodes.issue_at_city()


@pytest.fixture(scope="module")
def countys(nodes: Federation) -> bytes:
    return nodes.issue_at_county()


@pytest.fixture
def objects(nodes: Federation) -> Iterator[None]:
    """What the test stores of the county's status list is replaced by the real one afterwards."""
    yield
    nodes.store_status_list()


def said(verdict: Verdict) -> tuple[str, str | None]:
    return verdict.indication, verdict.subindication


def result(verdict: Verdict, check: str) -> str:
    return next(finding.result for finding in verdict.checks if finding.id == check)


TAMPERED = ("TOTAL_FAILED", "TAMPERED")
FORMAT_FAILURE = ("TOTAL_FAILED", "FORMAT_FAILURE")


# Honest files


def test_an_own_licence_passes_every_check(nodes: Federation, own: bytes) -> None:
    verdict = nodes.verify(own)
    assert said(verdict) == ("TOTAL_PASSED", None), verdict.message
    assert {finding.id: finding.result for finding in verdict.checks if finding.result != "passed"} == {}
    assert verdict.level == "B-LT"
    assert verdict.status.code == "01"
    assert verdict.registry["match"] is True
    assert verdict.log["included"] is True
    assert len(verdict.path) == 3


def test_a_countys_licence_passes_at_the_city_by_a_path_through_the_cross_certificate(nodes: Federation, countys: bytes) -> None:
    verdict = nodes.verify(countys)
    assert said(verdict) == ("TOTAL_PASSED", None), verdict.message
    not_passed = {finding.id for finding in verdict.checks if finding.result != "passed"}
    assert not_passed == {"registry", "log"}
    assert len(verdict.path) == 4
    assert verdict.signer["node"] == {"code": COUNTY.code, "name": COUNTY.name}
    assert verdict.status.code == "01"
    assert "饶平县市场监督管理局" in verdict.message.zh


def test_what_the_test_authority_seals_by_the_countys_keys_passes_too(nodes: Federation, countys: bytes) -> None:
    """Otherwise the rows below could fail for another reason than their own."""
    assert said(nodes.verify(nodes.sealed(status_index=parse_index(countys)))) == ("TOTAL_PASSED", None)


def parse_index(pdf: bytes) -> int:
    data = parse(pdf).data
    assert data is not None
    return data.status_index


# byte flip; moved CMS; ByteRange zeroed; signature bytes flipped


def test_byte_flip(nodes: Federation, own: bytes, countys: bytes) -> None:
    for pdf in (own, countys):
        middle = pdf.index(b"stream", pdf.index(b"/Font")) + 40
        assert said(nodes.verify(pdfs.byte_flipped(pdf, middle))) == TAMPERED
    assert said(nodes.verify(pdfs.byte_flipped(nodes.sealed()))) == TAMPERED


def test_moved_cms(nodes: Federation, own: bytes) -> None:
    assert said(nodes.verify(pdfs.cms_moved(own))) == TAMPERED
    assert said(nodes.verify(pdfs.cms_moved(nodes.sealed()))) == TAMPERED


def test_byte_range_zeroed(nodes: Federation, own: bytes) -> None:
    assert said(nodes.verify(pdfs.byte_range_zeroed(own))) == TAMPERED


def test_signature_value_flipped(nodes: Federation) -> None:
    value = b""

    def note(signature: bytes) -> bytes:
        nonlocal value
        value = signature
        return signature

    pdf = nodes.sealed(nodes.sealing(twist=note))
    assert said(nodes.verify(pdfs.signature_value_flipped(pdf, value))) == TAMPERED


def test_signature_of_another_content(nodes: Federation) -> None:
    pdf = nodes.sealed(nodes.sealing(twist=lambda _: nodes.authority.issuing.key.sign(b"x", _ecdsa())))
    assert said(nodes.verify(pdf)) == TAMPERED


def _ecdsa() -> Any:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    return ec.ECDSA(hashes.SHA256())


# changes by incremental update


def test_content_changed_by_incremental_update(nodes: Federation, own: bytes, countys: bytes) -> None:
    for pdf in (own, countys):
        verdict = nodes.verify(pdfs.content_changed_by_update(pdf))
        assert said(verdict) == TAMPERED
        assert any(change.kind == "page" for change in verdict.changes)


def test_annotation_added_by_incremental_update(nodes: Federation) -> None:
    assert said(nodes.verify(pdfs.annotation_added_by_update(nodes.sealed()))) == TAMPERED


def test_attachment_changed_by_incremental_update(nodes: Federation, own: bytes) -> None:
    assert said(nodes.verify(pdfs.attachment_changed_by_update(own, nodes.data()))) == TAMPERED


def test_visible_second_signature(nodes: Federation, own: bytes) -> None:
    assert said(nodes.verify(pdfs.second_signature_added(own, nodes.sealing()))) == TAMPERED


def test_visible_second_signature_on_an_approval_signed_file(nodes: Federation) -> None:
    approval = nodes.sealed(nodes.sealing(permission=None))
    assert said(nodes.verify(pdfs.second_signature_added(approval, nodes.sealing()))) == TAMPERED


def test_shadow_replace(nodes: Federation) -> None:
    assert said(nodes.verify(pdfs.shadow_replaced(nodes.sealing(), nodes.data()))) == TAMPERED
    assert said(nodes.verify(pdfs.renumbered_shadow(nodes.sealing(), nodes.data()))) == TAMPERED


def test_trailing_bytes_after_eof(nodes: Federation, own: bytes, countys: bytes) -> None:
    for pdf in (own, countys):
        verdict = nodes.verify(pdfs.trailing_bytes(pdf))
        assert said(verdict) == TAMPERED
        assert [change.what for change in verdict.changes] == ["trailing_bytes"]


# less than was issued


def test_time_stamp_taken_out(nodes: Federation, own: bytes) -> None:
    for pdf in (own, nodes.sealed()):
        verdict = nodes.verify(pdfs.time_stamp_removed(pdf))
        assert said(verdict) == ("TOTAL_FAILED", "DOWNGRADED")
        assert verdict.level == "B-B"
        assert verdict.best_signature_time is None


def test_sealed_without_validation_material(nodes: Federation) -> None:
    verdict = nodes.verify(nodes.sealed(nodes.sealing(with_dss=False)))
    assert said(verdict) == ("TOTAL_FAILED", "DOWNGRADED")
    assert verdict.level == "B-T"


def test_lta_truncated(nodes: Federation) -> None:
    """What was handed out with an archive time-stamp is less without it, or with one that anybody made."""
    city = with_form(nodes.city, "B-LTA")
    pdf = issue(city, application(city, number="445122202600000077"), actor="operator:test").pdf
    verdict = verify(city, pdf, actor="operator:test")
    assert (said(verdict), verdict.level) == (("TOTAL_PASSED", None), "B-LTA")
    truncated = archive_stamps.peel(pdf)[0]
    stranger = Authority(CITY_NAMES, "445100")
    stamper, chain = stranger.time_stamper(), [stranger.issuing.certificate]
    anybodys = archive_stamps.extend(
        truncated, (), (), lambda digest: pdfs.time_stamp_of(stamper, chain, digest, nodes.now).dump()
    )
    for less in (truncated, anybodys):
        verdict = verify(city, less, actor="operator:test")
        assert said(verdict) == ("TOTAL_FAILED", "DOWNGRADED"), verdict.message
    assert said(verify(city, pdf[: len(truncated) + 300], actor="operator:test")) == TAMPERED


def test_sealed_so_that_changes_are_allowed(nodes: Federation) -> None:
    for permission in (None, 2, 3):
        assert said(nodes.verify(nodes.sealed(nodes.sealing(permission=permission)))) == ("TOTAL_FAILED", "DOWNGRADED")


def test_signature_stripped(nodes: Federation, own: bytes) -> None:
    data = parse(own).data
    assert data is not None
    verdict = nodes.verify(pdfs.signature_stripped(data.as_json()))
    assert said(verdict) == ("TOTAL_FAILED", "UNSIGNED")
    assert result(verdict, "registry") == "failed"
    assert said(nodes.verify(pdfs.signature_stripped({"no": "licence"}))) == ("TOTAL_FAILED", "UNSIGNED")


def test_an_unsigned_file_does_not_tell_whether_its_number_is_registered(nodes: Federation, own: bytes) -> None:
    data = parse(own).data
    assert data is not None
    known = nodes.verify(pdfs.signature_stripped(data.as_json()))
    unknown = nodes.verify(pdfs.signature_stripped(nodes.data(node="445100", issuer=CITY_ISSUER)))
    assert known.registry == unknown.registry
    assert known.message == unknown.message


# who signed


def test_ca_of_the_same_name_with_another_key(nodes: Federation) -> None:
    """INDETERMINATE for a stranger's licence; TOTAL_FAILED where the file claims to be one of ours, which our registry denies."""
    namesake = Authority(COUNTY_NAMES, COUNTY.code)
    seal = namesake.seal(COUNTY_ISSUER[0])
    forged = pdfs.sealed(pdfs.Sealing.by(namesake, seal=seal, at=nodes.now), nodes.data())
    assert said(nodes.verify(forged)) == ("INDETERMINATE", "UNTRUSTED")
    ours = Authority(CITY_NAMES, "445100")
    forged = pdfs.sealed(pdfs.Sealing.by(ours, at=nodes.now), nodes.data(node="445100", issuer=CITY_ISSUER))
    assert said(nodes.verify(forged)) == ("TOTAL_FAILED", "UNTRUSTED")


def test_strangers_plain_signature_on_any_pdf(nodes: Federation) -> None:
    stranger = Authority((("C", "CN"), ("O", "某公司")), "330100")
    sealing = pdfs.Sealing.by(stranger, time_stamper=None, at=nodes.now, permission=None, with_dss=False)
    sealing = replace(sealing, time_stamper=None)
    assert said(nodes.verify(pdfs.sealed(sealing, {"hello": "world"}))) == ("INDETERMINATE", "UNTRUSTED")


def test_what_a_stranger_sends_along_may_be_of_a_version_that_there_is_not(nodes: Federation) -> None:
    sealing = pdfs.Sealing.by(Authority((("C", "CN"), ("O", "某公司")), "330100"), at=nodes.now)
    pdf = pdfs.sealed(sealing, nodes.data())
    begin, end = pdfs.hole(pdf)
    blank = re.sub(
        rb"(?<=/ByteRange\[0)[ 0-9]+", b" 0000000000" * 3, pdf[:begin] + b"<" + b"0" * (end - begin - 2) + b">" + pdf[end:]
    )
    for version, other in (
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"),
        (b"\x02\x01\x01\x30\x0a", b"\x02\x01\x05\x30\x0a"),
    ):
        assert version in blank
        again = pdfs.sign(blank.replace(version, other, 1), sealing)
        assert said(nodes.verify(again)) == ("INDETERMINATE", "UNTRUSTED")


def test_seal_of_another_department_of_the_same_node(nodes: Federation) -> None:
    sealing = nodes.sealing(seal=nodes.authority.seal("饶平县残疾人联合会"))
    assert said(nodes.verify(nodes.sealed(sealing))) == ("TOTAL_FAILED", "WRONG_ISSUER")


def test_licence_for_an_area_outside_the_signers_node(nodes: Federation) -> None:
    assert said(nodes.verify(nodes.sealed(area="445103"))) == ("TOTAL_FAILED", "WRONG_ISSUER")


def test_licence_that_names_another_node_than_its_signers(nodes: Federation) -> None:
    assert said(nodes.verify(nodes.sealed(node="445103", area="445122"))) == ("TOTAL_FAILED", "WRONG_ISSUER")


def test_certificate_swapped_for_another_of_the_same_key_holder(nodes: Federation) -> None:
    other = nodes.authority.seal(COUNTY_ISSUER[0])
    assert said(nodes.verify(nodes.sealed(nodes.sealing(attributes_for=other.certificate)))) == TAMPERED


@pytest.mark.parametrize("missing", ["content_type", "message_digest", "signing_certificate_v2"])
def test_signed_attributes_incomplete(nodes: Federation, missing: str) -> None:
    assert said(nodes.verify(nodes.sealed(nodes.sealing(without_attributes=frozenset({missing}))))) == FORMAT_FAILURE


def test_own_seal_on_what_the_registry_does_not_have(nodes: Federation) -> None:
    """A seal that was used behind the registry's back."""
    pdf = nodes.sealed(nodes.sealing(seal=nodes.authority.seal(COUNTY_ISSUER[0])))
    work: SqlUnitOfWork[CrosscertRecords] = SqlUnitOfWork(nodes.county_engine, SqlCrosscertRecords)
    trust = Trust(replace(nodes.trust, node=COUNTY, pki=nodes.county.pki, work=work, kept={}))
    verdict = verify(replace(nodes.county, trust=trust), pdf, actor="operator:test")
    assert said(verdict) == ("TOTAL_FAILED", "UNREGISTERED")


# when


def test_good_signer_fake_time_stamp_authority(nodes: Federation) -> None:
    fake = Authority(COUNTY_NAMES, COUNTY.code)
    verdict = nodes.verify(nodes.sealed(nodes.sealing(time_stamper=fake.time_stamper(), stamper_authority=fake)))
    assert said(verdict) == ("INDETERMINATE", "NO_POE")
    assert verdict.best_signature_time is None


def test_time_stamp_by_a_certificate_that_is_not_for_time_stamps(nodes: Federation) -> None:
    for stamper in (
        nodes.authority.time_stamper(purpose=None),
        nodes.authority.time_stamper(critical=False),
        nodes.authority.seal(COUNTY_ISSUER[0]),
    ):
        assert said(nodes.verify(nodes.sealed(nodes.sealing(time_stamper=stamper)))) == ("INDETERMINATE", "NO_POE")


def test_time_stamp_of_another_signature(nodes: Federation) -> None:
    assert said(nodes.verify(nodes.sealed(nodes.sealing(token_over=b"another signature")))) == TAMPERED


def test_time_stamp_from_the_future(nodes: Federation) -> None:
    verdict = nodes.verify(nodes.sealed(nodes.sealing(at=nodes.now + timedelta(days=2))))
    assert verdict.indication == "INDETERMINATE"
    assert result(verdict, "time_stamp") == "indeterminate"


def test_signed_after_the_certificate_expired_and_time_stamped_now(nodes: Federation) -> None:
    seal = nodes.authority.seal(
        COUNTY_ISSUER[0], not_before=nodes.now - timedelta(days=90), not_after=nodes.now - timedelta(days=1)
    )
    assert said(nodes.verify(nodes.sealed(nodes.sealing(seal=seal)))) == ("TOTAL_FAILED", "EXPIRED")


def test_signed_before_the_certificate_began(nodes: Federation) -> None:
    seal = nodes.authority.seal(COUNTY_ISSUER[0], not_before=nodes.now - timedelta(minutes=5))
    assert said(nodes.verify(nodes.sealed(nodes.sealing(seal=seal)))) == ("TOTAL_FAILED", "NOT_YET_VALID")


def _revoke(nodes: Federation, certificate: x509.Certificate, at: datetime, reason: x509.ReasonFlags) -> None:
    nodes.authority.revoke(certificate, at, reason)
    nodes.store_lists()


SUPERSEDED = x509.ReasonFlags.superseded


def test_revoked_before_signing(nodes: Federation) -> None:
    seal = nodes.authority.seal(COUNTY_ISSUER[0])
    pdf = nodes.sealed(nodes.sealing(seal=seal))
    _revoke(nodes, seal.certificate, nodes.now - timedelta(hours=3), SUPERSEDED)
    assert said(nodes.verify(pdf)) == ("TOTAL_FAILED", "REVOKED")


def test_revoked_after_signing_is_valid_with_a_time_stamp_before_it(nodes: Federation, countys: bytes) -> None:
    seal = nodes.authority.seal(COUNTY_ISSUER[0])
    pdf = nodes.sealed(nodes.sealing(seal=seal), status_index=parse_index(countys))
    _revoke(nodes, seal.certificate, nodes.now - timedelta(hours=1), SUPERSEDED)
    verdict = nodes.verify(pdf)
    assert said(verdict) == ("TOTAL_PASSED", None), verdict.message
    evidence = next(finding.evidence for finding in verdict.checks if finding.id == "revocation")
    assert evidence["reason"] == "superseded"


def test_revoked_after_signing_for_key_compromise(nodes: Federation) -> None:
    seal = nodes.authority.seal(COUNTY_ISSUER[0])
    pdf = nodes.sealed(nodes.sealing(seal=seal))
    _revoke(nodes, seal.certificate, nodes.now - timedelta(hours=1), x509.ReasonFlags.key_compromise)
    assert said(nodes.verify(pdf)) == ("TOTAL_FAILED", "REVOKED")


def test_expired_after_signing_is_valid_with_evidence(nodes: Federation, countys: bytes) -> None:
    seal = nodes.authority.seal(COUNTY_ISSUER[0], not_after=nodes.now - timedelta(hours=1))
    verdict = nodes.verify(nodes.sealed(nodes.sealing(seal=seal), status_index=parse_index(countys)))
    assert said(verdict) == ("TOTAL_PASSED", None), verdict.message
    assert result(verdict, "signing_time") == "passed"


def test_expired_after_signing_is_not_believed_when_its_node_was_not_heard_for_too_long(
    nodes: Federation, countys: bytes
) -> None:
    seal = nodes.authority.seal(COUNTY_ISSUER[0], not_after=nodes.now - timedelta(hours=1))
    pdf = nodes.sealed(nodes.sealing(seal=seal), status_index=parse_index(countys))
    try:
        with nodes.trust.work.begin() as work:
            work.records.note_heard(COUNTY.code, at=nodes.now - timedelta(days=2))
        verdict = nodes.verify(pdf)
    finally:
        with nodes.trust.work.begin() as work:
            work.records.note_heard(COUNTY.code, at=nodes.now)
    assert said(verdict) == ("INDETERMINATE", "TRY_LATER"), verdict.message
    assert result(verdict, "trust") == "indeterminate"


# wrapping, Contents missing or zero, junk header


def test_wrapping(nodes: Federation) -> None:
    assert nodes.verify(pdfs.byte_range_wrapped(nodes.sealed())).indication == "TOTAL_FAILED"


def test_contents_missing(nodes: Federation, own: bytes) -> None:
    assert said(nodes.verify(pdfs.contents_missing(nodes.sealed()))) == FORMAT_FAILURE
    assert said(nodes.verify(own.replace(b"/Contents <", b"/Kontents <", 1))) == FORMAT_FAILURE


def test_contents_zero(nodes: Federation, own: bytes) -> None:
    assert said(nodes.verify(pdfs.contents_zero(own))) == FORMAT_FAILURE


def test_something_written_into_the_padding(nodes: Federation) -> None:
    assert said(nodes.verify(pdfs.contents_padded_with_data(nodes.sealed()))) == TAMPERED


def test_junk_header(nodes: Federation, own: bytes) -> None:
    assert said(nodes.verify(pdfs.junk_before_header(own))) == FORMAT_FAILURE


def test_encrypted(nodes: Federation) -> None:
    assert said(nodes.verify(pdfs.encrypted(nodes.data()))) == FORMAT_FAILURE


# the licence's own state


def test_an_expired_licence_is_genuine_with_status_05(nodes: Federation) -> None:
    pdf = nodes.issue_at_city(number="445122202100000012", valid_to="2026-11-22")
    verdict = nodes.verify(pdf)
    assert said(verdict) == ("TOTAL_PASSED", None)
    assert verdict.status.code == "05"
    assert "失效" in verdict.message.zh


def test_a_licence_is_in_force_on_its_last_day_in_beijing(nodes: Federation) -> None:
    pdf = nodes.issue_at_city(number="445122202100000013", valid_to="2026-11-23")
    assert nodes.verify(pdf, datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)).status.code == "01"
    assert nodes.verify(pdf, datetime(2026, 11, 23, 16, 0, tzinfo=UTC)).status.code == "05"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("02", ("INDETERMINATE", "LICENSE_SUSPENDED")),
        ("03", ("TOTAL_FAILED", "LICENSE_REVOKED")),
        ("04", ("TOTAL_FAILED", "LICENSE_CANCELLED")),
        ("06", ("TOTAL_FAILED", "LICENSE_TRANSFERRED")),
        ("07", ("TOTAL_FAILED", "LICENSE_REVOKED")),
        ("99", ("INDETERMINATE", "LICENSE_STATUS_OTHER")),
    ],
)
@pytest.mark.usefixtures("objects")
def test_a_licence_that_is_not_in_force(nodes: Federation, code: StatusCode, expected: tuple[str, str]) -> None:
    for deps, issued in ((nodes.city, nodes.issue_at_city), (nodes.county, nodes.issue_at_county)):
        pdf = issued(number=f"4451222021000001{code}")
        data = parse(pdf).data
        assert data is not None
        status.change(deps, data.identifier, code, reason="test", actor="operator:test")
        nodes.store_status_list()
        verdict = nodes.verify(pdf)
        assert said(verdict) == expected
        assert verdict.status.code == code


# the other node's evidence


def test_status_list_never_fetched(tmp_path: Path) -> None:
    with federation(tmp_path, FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))) as fresh:
        pdf = issue(fresh.county, application(fresh.county), actor="operator:test").pdf
        assert said(fresh.verify(pdf)) == ("INDETERMINATE", "TRY_LATER")
        fresh.store_status_list()
        assert said(fresh.verify(pdf)) == ("TOTAL_PASSED", None)


@pytest.mark.usefixtures("objects")
def test_status_list_too_old(nodes: Federation, countys: bytes) -> None:
    nodes.store_status_list(fetched_at=nodes.now - timedelta(hours=25))
    verdict = nodes.verify(countys)
    assert said(verdict) == ("INDETERMINATE", "TRY_LATER")
    evidence = next(finding.evidence for finding in verdict.checks if finding.id == "status")
    assert evidence["age_seconds"] == 25 * 3600


@pytest.mark.usefixtures("objects")
def test_status_list_forged_or_of_somebody_else(nodes: Federation, countys: bytes) -> None:
    held = status.current(nodes.county).body.encode()
    for forged in (held[:-4] + b"AAAA", status.current(nodes.city).body.encode(), b"\xff", b""):
        nodes.store_status_list(forged)
        assert said(nodes.verify(countys)) == ("INDETERMINATE", "TRY_LATER")


def test_licence_that_the_status_list_does_not_have(nodes: Federation) -> None:
    assert said(nodes.verify(nodes.sealed(status_index=40_000))) == ("INDETERMINATE", "TRY_LATER")


def test_licence_without_data(nodes: Federation) -> None:
    pdf = pdfs.sealed(nodes.sealing(), {"hello": "world"})
    assert said(nodes.verify(pdf)) == FORMAT_FAILURE


def test_cross_certificate_revoked(tmp_path: Path) -> None:
    """Trust is the agreement's: without it the same file is a stranger's."""
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with federation(tmp_path, clock) as fresh:
        pdf = fresh.issue_at_county()
        assert said(fresh.verify(pdf)) == ("TOTAL_PASSED", None)
        clock.advance(timedelta(minutes=5))
        with fresh.city.pki.work.read() as work:
            (cross,) = work.records.certificates(profile="cross_certificate")
        revoke(fresh.city.pki, cross.serial, "cessation_of_operation", clock.now())
        clock.advance(timedelta(seconds=1))
        assert said(fresh.verify(pdf)) == ("INDETERMINATE", "UNTRUSTED")


def test_the_countys_revocation_lists_run_out_while_it_is_away(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with federation(tmp_path, clock) as fresh:
        pdf = fresh.issue_at_county()
        clock.advance(timedelta(hours=30))
        assert said(fresh.verify(pdf)) == ("INDETERMINATE", "TRY_LATER")


def test_the_same_evidence_and_moment_give_the_same_verdict(nodes: Federation, own: bytes) -> None:
    at = nodes.now
    assert nodes.verify(own, at).as_json() == nodes.verify(own, at).as_json()


def test_every_row_says_what_to_do_in_both_languages(nodes: Federation, own: bytes) -> None:
    for pdf in (own, pdfs.trailing_bytes(own), pdfs.junk_before_header(own), pdfs.signature_stripped(nodes.data())):
        verdict = nodes.verify(pdf)
        assert verdict.message.zh
        assert verdict.message.en
        assert all(finding.text.zh.endswith("。") and finding.text.en.endswith(".") for finding in verdict.checks)


def test_not_yet_in_force(nodes: Federation) -> None:
    pdf = nodes.issue_at_city(number="445122202100000014", valid_from=date(2027, 1, 1).isoformat())
    verdict = nodes.verify(pdf)
    assert said(verdict) == ("TOTAL_PASSED", None)
    assert "还没有到生效日期" in verdict.message.zh
