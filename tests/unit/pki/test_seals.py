"""Seals on PDF files: whole-file PAdES B-LT in one revision, as pdfsig and pyHanko judge it."""

from __future__ import annotations

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typst
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from kernel.clock import FixedClock
from kernel.errors import Refusal
from pki import authority, crl, revocation, seals
from pki.ports import PkiDeps
from pki.records import Department
from pki.roles import CA_ROLES
from pki.seals import Seal
from pki.storage import tables
from tests.support.pki import CITY, COUNTY, DEPARTMENT, certificate, judged_by_pyhanko
from tests.support.programs import need

PAGE = '#set document(title: "证照", date: datetime(year: 2026, month: 11, day: 23))\n#set text(lang: "zh")\nLicence 潮州'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A page as licences are: PDF/A-3b with an attachment."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "license.json").write_text('{"a": 1}')
    attached = '#pdf.attach("license.json", relationship: "data", mime-type: "application/json", description: "d")\n'
    (folder / "page.typ").write_text(attached + PAGE)
    made = typst.compile(str(folder / "page.typ"), pdf_standards="a-3b")
    assert isinstance(made, bytes)
    return made


@pytest.fixture
def seal(pki: PkiDeps) -> Seal:
    return seals.get_or_create_seal(pki, DEPARTMENT)


@pytest.fixture
def sealed(pki: PkiDeps, seal: Seal, page: bytes) -> bytes:
    return seals.seal_pdf(pki, seal, page, at=pki.clock.now(), reason="签发电子证照")


def signature_of(pdf: bytes) -> Any:
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    return signature


def pdfsig(pdf: bytes, folder: Path) -> str:
    (folder / "sealed.pdf").write_bytes(pdf)
    command = [need("pdfsig", "poppler-utils"), str(folder / "sealed.pdf")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_pdfsig_calls_it_valid_over_the_whole_document(sealed: bytes, tmp_path: Path) -> None:
    said = pdfsig(sealed, tmp_path)
    assert "Signature Validation: Signature is Valid." in said
    assert "Total document signed" in said
    assert "Signature Type: ETSI.CAdES.detached" in said
    assert "Signer Certificate Common Name: 饶平县市场监督管理局电子证照专用章" in said
    assert "Signing Hash Algorithm: SHA-256" in said


def test_pdfsig_notices_one_changed_octet(sealed: bytes, tmp_path: Path) -> None:
    changed = sealed.replace(b"/Type", b"/Tipe", 1)
    assert "Signature is Valid" not in pdfsig(changed, tmp_path)


def test_pyhanko_finds_the_signature_trusted_time_stamped_and_nothing_changed(pki: PkiDeps, sealed: bytes) -> None:
    anchor = asn1_x509.Certificate.load(authority.get_principal(pki).der)
    store = DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(sealed)))
    kept = [reference.get_object().data for reference in store.crls]
    context = ValidationContext(
        trust_roots=[anchor],
        other_certs=list(store.load_certs()),
        crls=kept,
        moment=pki.clock.now(),
        allow_fetching=False,
        revocation_mode="require",
    )
    status = judged_by_pyhanko(signature_of(sealed), context)
    assert status.bottom_line
    assert status.trusted
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level is ModificationLevel.NONE
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted
    assert status.timestamp_validity.timestamp == pki.clock.now()


def test_it_is_one_revision_certified_against_every_change(sealed: bytes, page: bytes) -> None:
    signature = signature_of(sealed)
    assert sealed.startswith(page)
    assert sealed.count(b"%%EOF") == page.count(b"%%EOF") + 1
    assert signature.docmdp_level is MDPPerm.NO_CHANGES
    root = PdfFileReader(BytesIO(sealed)).root
    assert root["/Perms"]["/DocMDP"] == signature.sig_object
    assert root["/Extensions"]["/ESIC"]["/ExtensionLevel"] == 1
    assert root["/Metadata"].data == PdfFileReader(BytesIO(page)).root["/Metadata"].data  # left as they were rendered


def test_the_evidence_is_inside(pki: PkiDeps, seal: Seal, sealed: bytes) -> None:
    store = DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(sealed)))
    issued = {
        record.profile: record.der for record in (seal.certificate, authority.get_principal(pki), authority.get_issuing(pki))
    }
    with pki.work.read() as work:
        (stamper,) = work.records.certificates(profile="tsa")
    assert {one.dump() for one in store.load_certs()} == {*issued.values(), stamper.der}
    lists = {reference.get_object().data for reference in store.crls}
    assert lists == {crl.current(pki, "principal").der, crl.current(pki, "issuing", 1).der}


def test_the_signature_has_the_attributes_of_pades_baseline(seal: Seal, sealed: bytes) -> None:
    signature = signature_of(sealed)
    attributes = {one["type"].native for one in signature.signer_info["signed_attrs"]}
    assert attributes == {"content_type", "message_digest", "signing_certificate_v2", "cms_algorithm_protection"}
    assert [one["type"].native for one in signature.signer_info["unsigned_attrs"]] == ["signature_time_stamp_token"]
    assert signature.signer_cert.dump() == seal.certificate.der
    assert signature.sig_object["/Reason"] == "签发电子证照"
    assert signature.sig_object["/Name"] == "饶平县市场监督管理局电子证照专用章"
    assert signature.sig_object["/Location"] == "饶平县"
    data = asn1_cms.ContentInfo.load(signature.pkcs7_content)["content"]
    assert data["version"].native == "v1"
    assert data["encap_content_info"]["content"].native is None


def test_the_time_stamp_is_over_the_signature_and_tells_when_it_was_made(
    pki: PkiDeps, seal: Seal, page: bytes, clock: FixedClock
) -> None:
    claimed = clock.now()
    clock.advance(timedelta(hours=1))
    signature = signature_of(seals.seal_pdf(pki, seal, page, at=claimed, reason="x"))
    token = signature.signer_info["unsigned_attrs"][0]["values"][0]["content"]
    info = token["encap_content_info"]["content"].parsed.native
    assert info["message_imprint"]["hashed_message"] == hashlib.sha256(signature.signer_info["signature"].native).digest()
    assert info["gen_time"] == clock.now()
    assert signature.self_reported_timestamp == claimed


def test_what_was_prepared_is_sealed_once(pki: PkiDeps, seal: Seal, page: bytes) -> None:
    prepared = seals.prepare(pki, seal, page, at=pki.clock.now(), reason="x")
    assert prepared.document_sha256 == hashlib.sha256(page).hexdigest()
    assert seals.sign(pki, prepared).startswith(page)
    with pytest.raises(Refusal, match="document_changed"):
        seals.sign(pki, prepared)


def test_the_seals_name_is_below_the_node_with_the_department_as_ou(seal: Seal) -> None:
    name = "CN=饶平县市场监督管理局电子证照专用章,OU=饶平县市场监督管理局,O=饶平县,L=潮州市,ST=广东省,C=CN"
    assert seal.certificate.subject == name
    assert seal.certificate.profile == "department_seal"


def test_a_countys_department_on_the_citys_node_has_the_county_in_its_name() -> None:
    department = Department("114451220071234567", "饶平县市场监督管理局", "445122", (*CITY.names, ("O", "饶平县")))
    assert seals.seal_names(department)[:5] == (*COUNTY.names, ("OU", "饶平县市场监督管理局"))


def test_a_long_department_name_stands_in_the_ou_alone(pki: PkiDeps, page: bytes) -> None:
    name = "饶平县某某某某某某某某某某某某某某综合行政执法局"
    seal = seals.get_or_create_seal(pki, replace(DEPARTMENT, uscc="1" * 18, name=name))
    assert seal.certificate.subject.startswith(f"CN=电子证照专用章,OU={name},")
    signature = signature_of(seals.seal_pdf(pki, seal, page, at=pki.clock.now(), reason="x"))
    assert signature.sig_object["/Name"] == f"{name}电子证照专用章"


def test_a_department_outside_of_the_node_gets_no_seal(pki: PkiDeps) -> None:
    with pytest.raises(Refusal, match="name_unsuitable"):
        seals.get_or_create_seal(pki, replace(DEPARTMENT, names=(*CITY.names, ("O", "潮安区"))))
    assert seals.find_seal(pki, DEPARTMENT.uscc) is None


def test_a_seal_is_made_once(stored_pki: PkiDeps) -> None:
    made = seals.get_or_create_seal(stored_pki, DEPARTMENT)
    assert seals.get_or_create_seal(stored_pki, DEPARTMENT) == made
    assert seals.find_seal(stored_pki, DEPARTMENT.uscc) == made


def test_of_many_at_once_all_get_the_same_seal(stored_pki: PkiDeps, engine: sa.Engine) -> None:
    with ThreadPoolExecutor(5) as pool:
        made = list(pool.map(lambda _: seals.get_or_create_seal(stored_pki, DEPARTMENT), range(5)))
    assert len({one.certificate.serial for one in made}) == 1
    with engine.connect() as connection:
        table = tables.certificates
        issued = sa.select(sa.func.count()).where(table.c.profile == seals.PROFILE, table.c.state == "issued")
        assert connection.execute(issued).scalar_one() == 1


def test_a_seal_is_renewed_for_its_key_before_it_ends(stored_pki: PkiDeps, clock: FixedClock) -> None:
    old = seals.get_or_create_seal(stored_pki, DEPARTMENT)
    clock.moment = old.certificate.not_after - timedelta(days=29)
    new = seals.get_or_create_seal(stored_pki, DEPARTMENT)
    assert new.certificate.not_after > old.certificate.not_after
    assert new.key_label == old.key_label
    assert certificate(new.certificate).public_key() == certificate(old.certificate).public_key()


def test_a_renamed_department_gets_a_certificate_with_its_new_name(stored_pki: PkiDeps) -> None:
    old = seals.get_or_create_seal(stored_pki, DEPARTMENT)
    new = seals.get_or_create_seal(stored_pki, replace(DEPARTMENT, name="饶平县行政审批局"))
    assert new.certificate.serial != old.certificate.serial
    assert "OU=饶平县行政审批局" in new.certificate.subject


def test_a_revoked_seal_seals_nothing_and_is_not_made_anew(pki: PkiDeps, seal: Seal, page: bytes, clock: FixedClock) -> None:
    authority.revoke(pki, seal.certificate.serial, "key_compromise", clock.now())
    with pytest.raises(Refusal, match="seal_unusable"):
        seals.seal_pdf(pki, seal, page, at=clock.now(), reason="x")
    with pytest.raises(Refusal, match="seal_unusable"):
        seals.get_or_create_seal(pki, DEPARTMENT)


def test_a_suspended_seal_seals_nothing_until_it_is_released(pki: PkiDeps, seal: Seal, page: bytes, clock: FixedClock) -> None:
    revocation.suspend(pki, seal.certificate.serial)
    for act in (
        lambda: seals.seal_pdf(pki, seal, page, at=clock.now(), reason="x"),
        lambda: seals.get_or_create_seal(pki, DEPARTMENT),
    ):
        with pytest.raises(Refusal, match="seal_unusable") as refused:
            act()
        assert "suspended" in refused.value.text.en
    revocation.release(pki, seal.certificate.serial)
    assert seals.get_or_create_seal(pki, DEPARTMENT).certificate.serial == seal.certificate.serial
    assert seals.seal_pdf(pki, seal, page, at=clock.now(), reason="x")


def test_outside_of_its_validity_a_seal_seals_nothing(pki: PkiDeps, seal: Seal, page: bytes, clock: FixedClock) -> None:
    for at in (seal.certificate.not_before - timedelta(seconds=1), seal.certificate.not_after + timedelta(seconds=1)):
        with pytest.raises(Refusal, match="seal_unusable"):
            seals.seal_pdf(pki, seal, page, at=at, reason="x")
    at = clock.now()
    clock.moment = seal.certificate.not_after + timedelta(seconds=1)
    with pytest.raises(Refusal, match="seal_unusable"):
        seals.seal_pdf(pki, seal, page, at=at, reason="x")


def test_lists_that_have_run_out_are_renewed_before_sealing(pki: PkiDeps, seal: Seal, page: bytes, clock: FixedClock) -> None:
    clock.advance(timedelta(days=8))
    pdf = seals.seal_pdf(pki, seal, page, at=clock.now(), reason="x")
    store = DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(pdf)))
    assert {reference.get_object().data for reference in store.crls} == {
        crl.current(pki, "principal").der,
        crl.current(pki, "issuing", 1).der,
    }
    assert all(crl.current(pki, ca).next_update > clock.now() for ca in CA_ROLES)


def test_a_signed_file_is_not_sealed_again(pki: PkiDeps, seal: Seal, sealed: bytes) -> None:
    with pytest.raises(Refusal, match=r"document_unsuitable.*signed"):
        seals.seal_pdf(pki, seal, sealed, at=pki.clock.now(), reason="x")


def test_an_encrypted_file_is_not_sealed(pki: PkiDeps, seal: Seal, page: bytes) -> None:
    writer = copy_into_new_writer(PdfFileReader(BytesIO(page)))
    writer.encrypt("owner", "user")
    out = BytesIO()
    writer.write(out)
    with pytest.raises(Refusal, match="document_unsuitable"):
        seals.seal_pdf(pki, seal, out.getvalue(), at=pki.clock.now(), reason="x")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(garbage=st.binary(max_size=100), cut=st.integers(1, 4000))
def test_a_damaged_file_is_refused_by_name(pki: PkiDeps, seal: Seal, page: bytes, garbage: bytes, cut: int) -> None:
    for pdf in (garbage, b"%PDF-1.7\n" + garbage, page[:-cut]):
        assert outcome(pki, seal, pdf) in {"document_unsuitable", "sealed"}
    assert outcome(pki, seal, garbage) == "document_unsuitable"


def outcome(pki: PkiDeps, seal: Seal, pdf: bytes) -> str:
    try:
        made = seals.seal_pdf(pki, seal, pdf, at=pki.clock.now(), reason="x")
    except Refusal as error:
        return error.code
    return "sealed" if signature_of(made) else "unsigned"


def test_a_later_change_is_visible(sealed: bytes) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(sealed))
    writer.root["/Lang"] = writer.root["/Type"]
    writer.update_root()
    writer.write_in_place()
    signature = signature_of(writer.prev.stream.getvalue())
    signature.compute_integrity_info()
    assert signature.evaluate_signature_coverage() is not SignatureCoverageLevel.ENTIRE_FILE
