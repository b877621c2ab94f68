"""Archive time-stamps: a further revision that pyHanko and pdfsig read, and that is taken off again only when it is exactly ours."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import typst
from asn1crypto import cms, x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses.signatures import verify_time_stamp
from pki import archive_stamps, authority, crl, seals
from pki.archive_stamps import peel
from pki.archiving import Ageing, archive, find_worn
from pki.ports import PkiDeps
from tests.support.pki import DEPARTMENT, judged_by_pyhanko
from tests.support.programs import need


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("page")
    (folder / "page.typ").write_text('#set document(title: "证照", date: datetime(year: 2026, month: 11, day: 23))\nLicence')
    made = typst.compile(str(folder / "page.typ"), pdf_standards="a-3b")
    assert isinstance(made, bytes)
    return made


@pytest.fixture
def sealed(pki: PkiDeps, page: bytes) -> bytes:
    return seals.seal_pdf(pki, seals.get_or_create_seal(pki, DEPARTMENT), page, at=pki.clock.now(), reason="签发电子证照")


@pytest.fixture
def archived(pki: PkiDeps, sealed: bytes, clock: FixedClock) -> bytes:
    """Stamped a year later, and once more after another one, when the lists are others."""
    for _ in range(2):
        clock.advance(timedelta(days=400))
        crl.refresh_due(pki)
        sealed = archive(pki, sealed)
    return sealed


def context(pki: PkiDeps, pdf: bytes) -> ValidationContext:
    store = DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(pdf)))
    return ValidationContext(
        trust_roots=[x509.Certificate.load(authority.get_principal(pki).der)],
        other_certs=list(store.load_certs()),
        crls=[reference.get_object().data for reference in store.crls],
        moment=pki.clock.now(),
        allow_fetching=False,
        revocation_mode="require",
    )


def test_pyhanko_reads_each_revision_and_takes_it_for_what_the_archive_may_add(pki: PkiDeps, archived: bytes) -> None:
    reader = PdfFileReader(BytesIO(archived), strict=True)
    first, second = reader.embedded_timestamp_signatures
    for stamp in (first, second):
        with ThreadPoolExecutor(1) as pool:  # it starts an event loop, and the browser's may be running here
            status = pool.submit(validate_pdf_timestamp, stamp, context(pki, archived)).result()
        assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert second.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE
    (seal,) = reader.embedded_regular_signatures
    judged = judged_by_pyhanko(seal, context(pki, archived))
    assert (judged.intact, judged.valid, judged.docmdp_ok) == (True, True, True)
    assert judged.modification_level is ModificationLevel.LTA_UPDATES


def test_pdfsig_finds_the_seal_valid_and_the_last_stamp_over_the_whole(archived: bytes, tmp_path: Path) -> None:
    (tmp_path / "archived.pdf").write_bytes(archived)
    command = [need("pdfsig", "poppler-utils"), "-nocert", str(tmp_path / "archived.pdf")]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert "Signature Validation: Signature is Valid." in said
    assert said.count("Total document signed") == 1
    assert said.count("Signature #") == 3


def test_what_was_put_on_is_taken_off_and_each_token_is_over_all_before_it(pki: PkiDeps, sealed: bytes, archived: bytes) -> None:
    below, stamps = peel(archived)
    assert below == sealed
    assert [one.end for one in stamps] == sorted((one.end for one in stamps), reverse=True)
    moments = [verify_time_stamp(cms.ContentInfo.load(one.token), one.stamped(archived)).generated_at for one in stamps]
    assert moments == [pki.clock.now(), pki.clock.now() - timedelta(days=400)]
    assert peel(sealed) == (sealed, ())


def test_the_lists_of_the_day_go_into_the_file(pki: PkiDeps, sealed: bytes, archived: bytes) -> None:
    held = {reference.get_object().data for reference in DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(archived))).crls}
    assert {crl.current(pki, "principal").der, crl.current(pki, "issuing", 1).der} <= held
    assert not any(crl.current(pki, ca).der in sealed for ca in ("principal", "issuing"))


def test_no_changed_octet_of_a_revision_is_taken_for_ours(sealed: bytes, archived: bytes) -> None:
    below = archive_stamps._peel_one(archived)
    assert below is not None
    for at in range(len(below[0]), len(archived), 211):
        changed = bytearray(archived)
        changed[at] ^= 1
        inner, stamps = peel(bytes(changed))
        if stamps:  # the digits of a token: it is another token then, which does not hold
            with pytest.raises(Exception):  # noqa: B017, PT011 - asn1crypto and ours
                verify_time_stamp(cms.ContentInfo.load(stamps[0].token, strict=True), stamps[0].stamped(bytes(changed)))
        else:
            assert inner == bytes(changed)
    for more in (b"\n", b" ", archived[len(below[0]) :]):
        assert peel(archived + more)[0] == archived + more
    assert peel(sealed + b"x") == (sealed + b"x", ())


def test_what_others_add_stays_on(sealed: bytes) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(sealed))
    writer.root["/Lang"] = writer.root["/Type"]
    writer.update_root()
    writer.write_in_place()
    changed = writer.prev.stream.getvalue()
    assert peel(changed) == (changed, ())


def test_a_file_that_was_not_sealed_here_is_not_archived(pki: PkiDeps, page: bytes) -> None:
    for pdf in (page, b"", b"%PDF-1.7\n", b"x" * 5000):
        with pytest.raises(Refusal, match="document_unsuitable"):
            archive(pki, pdf)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(cut=st.integers(1, 14_000), garbage=st.binary(max_size=80))
def test_nothing_but_the_file_comes_out_of_damaged_ones(archived: bytes, cut: int, garbage: bytes) -> None:
    for pdf in (garbage, archived[:-cut], archived[:-cut] + garbage, archived[cut:]):
        inner, _stamps = peel(pdf)
        assert pdf.startswith(inner)


def test_what_is_worn_was_stamped_before_an_authority_that_lasts(pki: PkiDeps, clock: FixedClock) -> None:
    ageing = Ageing(dict.fromkeys(("P-256", "SHA-256", "SHA-384", "SHA-512"), date(2100, 1, 1)), timedelta(days=365))
    assert not find_worn(pki, ageing)
    with pki.work.read() as work:
        (first,) = work.records.certificates(profile="tsa")
    clock.moment = first.not_after - timedelta(days=20)
    authority.renew_due(pki)
    with pki.work.read() as work:
        second = max(work.records.certificates(profile="tsa"), key=lambda one: one.not_before)
    assert second.serial != first.serial
    worn = find_worn(replace(pki, kept={}), ageing)
    # The new certificate is dated back: until it was there the old one was in use.
    assert (worn.before, worn.digests) == (clock.now().replace(microsecond=0), frozenset())
