"""Signatures on what is no licence, under a CA outside with which there is an agreement: ETSI's indications, and never a licence."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import documents, reading, reading_json
from licenses.presentation import present
from licenses.reports import proofs
from licenses.reports.collected import collect
from licenses.reports.evidence import make_evidence
from licenses.verdict import Verdict
from tests.support import pdfs
from tests.support.authorities import Authority
from tests.support.federation import Federation, federation
from tests.support.outside_signing import COMPANY, CUSTOMERS, NODE, agree, fetch_lists, page, signed, stamped, with_evidence

AREA = "9999"
CA = Authority(COMPANY, AREA)
ELSEWHERE = (("C", "CN"), ("O", "别处"))


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with federation(tmp_path_factory.mktemp("federation"), clock) as made:
        agree(made, CA)
        clock.advance(timedelta(hours=6))
        fetch_lists(made, CA, number=2)
        yield made


@pytest.fixture(scope="module")
def ca() -> Authority:
    return CA


@pytest.fixture(scope="module")
def contract(nodes: Federation, ca: Authority) -> bytes:
    """A page that a customer signed an hour ago, with a time-stamp."""
    return signed(page(), ca, ca.seal("张三", names=CUSTOMERS), at=nodes.now - timedelta(hours=1), stamper=ca.time_stamper())


def said(verdict: Verdict) -> tuple[str, str | None]:
    return verdict.indication, verdict.subindication


def evidence(verdict: Verdict, check: str) -> dict[str, object]:
    return dict(next(finding.evidence for finding in verdict.checks if finding.id == check))


def test_a_good_signature_passes_by_the_path_through_the_agreement_and_is_called_no_licence(
    nodes: Federation, contract: bytes
) -> None:
    verdict = nodes.verify(contract)
    assert said(verdict) == ("TOTAL_PASSED", None), verdict.message
    assert evidence(verdict, "kind") == {"kind": "document"}
    assert evidence(verdict, "trust")["agreement"] == NODE.code
    assert (len(verdict.path), verdict.level) == (4, "B-T")
    assert verdict.best_signature_time == nodes.now - timedelta(hours=1)
    assert verdict.status.code is None
    assert "不是证照" in verdict.message.zh
    assert "no licence" in verdict.message.en
    assert present(verdict).light != "ok"


def test_without_a_time_stamp_it_is_judged_as_of_now(nodes: Federation, ca: Authority) -> None:
    pdf = signed(page(), ca, ca.seal("张三", names=CUSTOMERS), at=nodes.now, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    verdict = nodes.verify(pdf)
    assert (*said(verdict), verdict.level) == ("TOTAL_PASSED", None, "B-B")


def test_evidence_and_further_signatures_may_follow(nodes: Federation, ca: Authority, contract: bytes) -> None:
    assert said(nodes.verify(with_evidence(contract, ca, nodes.now))) == ("TOTAL_PASSED", None)
    both = signed(contract, ca, ca.seal("李四", names=CUSTOMERS), at=nodes.now, field="Signature2")
    verdict = nodes.verify(both)
    assert said(verdict) == ("TOTAL_PASSED", None), verdict.message
    assert "张三" in verdict.message.zh
    assert "李四" in verdict.message.zh


def test_one_signature_that_is_not_trusted_is_enough_against_a_file(nodes: Federation, contract: bytes) -> None:
    stranger = Authority(COMPANY, AREA)
    both = signed(contract, stranger, stranger.seal("李四", names=CUSTOMERS), at=nodes.now, field="Signature2")
    assert said(nodes.verify(both)) == ("INDETERMINATE", "UNTRUSTED")


@pytest.mark.parametrize(
    ("attack", "expected"),
    [
        (lambda pdf: pdf.replace(b"(Contract)", b"(Contraet)"), "HASH_FAILURE"),
        (pdfs.content_changed_by_update, "TAMPERED"),
        (pdfs.annotation_added_by_update, "TAMPERED"),
        (pdfs.trailing_bytes, "TAMPERED"),
        (lambda pdf: pdf + b"% 9999\n" + pdf[pdf.rindex(b"startxref") :], "TAMPERED"),
        (lambda pdf: with_table(pdf, pdf.index(b"5 0 obj\n")), "TAMPERED"),
        (lambda pdf: with_table(pdf + b"4 0 obj\n" + pdfs.stream(b"BT ET") + b"\nendobj\n", len(pdf)), "TAMPERED"),
    ],
    ids=["byte flip", "content", "annotation", "trailing", "two ends", "shadow", "renumbered shadow"],
)
def test_tampered(nodes: Federation, contract: bytes, attack: object, expected: str) -> None:
    changed = attack(contract)  # type: ignore[operator]
    assert changed != contract
    verdict = nodes.verify(changed)
    assert verdict.indication == "TOTAL_FAILED", verdict.message
    assert verdict.subindication in {expected, "FORMAT_FAILURE"}


def with_table(pdf: bytes, place: int) -> bytes:
    """Turn the page's content (object 4) to what stands at ``place``, by a table alone."""
    start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    size = int(pdf.rsplit(b"/Size ", 1)[1].split()[0])
    root = pdf.rsplit(b"/Root ", 1)[1].split()[0]
    head = b"xref\n4 1\n%010d 00000 n \n" % place
    return pdf + head + b"trailer\n<</Size %d/Root %s 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, start, len(pdf))


def test_changed_after_a_certification_that_allows_nothing(nodes: Federation, ca: Authority) -> None:
    sealed = signed(
        page(), ca, ca.seal("张三", names=CUSTOMERS), at=nodes.now, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES
    )
    assert said(nodes.verify(sealed)) == ("TOTAL_PASSED", None)
    again = pdfs.second_signature_added(sealed, pdfs.Sealing.by(ca, seal=ca.seal("李四", names=CUSTOMERS), at=nodes.now))
    assert said(nodes.verify(again)) == ("TOTAL_FAILED", "TAMPERED")


def test_revoked(nodes: Federation, ca: Authority) -> None:
    signer, stamper = ca.seal("王五", names=CUSTOMERS), ca.time_stamper()
    bare = signed(page(), ca, signer, at=nodes.now)
    before = signed(page(), ca, signer, at=nodes.now - timedelta(hours=2), stamper=stamper)
    after = signed(page(), ca, signer, at=nodes.now - timedelta(minutes=10), stamper=stamper)
    ca.revoke(signer.certificate, nodes.now - timedelta(hours=1))
    fetch_lists(nodes, ca, number=3)
    assert said(nodes.verify(bare)) == ("INDETERMINATE", "REVOKED_NO_POE")
    assert said(nodes.verify(before)) == ("TOTAL_PASSED", None)
    assert said(nodes.verify(after)) == ("TOTAL_FAILED", "REVOKED")
    ca.revoke(signer.certificate, nodes.now - timedelta(hours=1), x509.ReasonFlags.key_compromise)
    fetch_lists(nodes, ca, number=4)
    assert said(nodes.verify(before)) == ("TOTAL_FAILED", "REVOKED")


def test_expired(nodes: Federation, ca: Authority) -> None:
    signer = ca.seal("赵六", names=CUSTOMERS, not_after=nodes.now - timedelta(hours=3))
    stamper = ca.time_stamper()
    assert said(nodes.verify(signed(page(), ca, signer, at=nodes.now))) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")
    in_time = signed(page(), ca, signer, at=nodes.now - timedelta(hours=4), stamper=stamper)
    assert said(nodes.verify(in_time)) == ("TOTAL_PASSED", None)
    late = signed(page(), ca, signer, at=nodes.now - timedelta(hours=1), stamper=stamper)
    assert said(nodes.verify(late)) == ("TOTAL_FAILED", "EXPIRED")
    fake = Authority(COMPANY, AREA)
    faked = signed(page(), ca, signer, at=nodes.now - timedelta(hours=4), stamper=fake.time_stamper())
    assert said(nodes.verify(faked)) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")


def test_where_the_lists_are_out_of_date_the_answers_in_the_file_are_heard(
    nodes: Federation, ca: Authority, tmp_path: Path
) -> None:
    signer, stamper = ca.seal("张三", names=CUSTOMERS), ca.time_stamper()
    certificates = [one.certificate for one in (signer, stamper, ca.issuing)]
    pdf = signed(page(), ca, signer, at=nodes.now - timedelta(hours=1), stamper=stamper)
    # As long as the lists are in force, the evidence has them, and no answer that nobody needed.
    answered = with_evidence(pdf, ca, nodes.now, about=certificates)
    told = openssl_says(make_evidence(nodes.city, collect(nodes.city, answered, actor="operator:test")), tmp_path / "lists")
    assert ("CMS Verification successful" in told[0], told[2:]) == (True, ["listed-1.pem: OK\n"])
    assert "-crl_check_all" in (tmp_path / "lists" / "README.txt").read_text(encoding="utf-8")
    fetch_lists(nodes, ca, number=5, valid=timedelta(seconds=1))
    nodes.clock.advance(timedelta(minutes=1))
    assert said(nodes.verify(pdf)) == ("INDETERMINATE", "TRY_LATER")
    answered = with_evidence(pdf, ca, nodes.now, about=certificates)
    assert said(nodes.verify(answered)) == ("TOTAL_PASSED", None)
    told = openssl_says(make_evidence(nodes.city, collect(nodes.city, answered, actor="operator:test")), tmp_path)
    assert "CMS Verification successful" in told[0]
    assert told[2] == "listed-1.pem: OK\n"  # of the cross-certificate, by the node's own list
    assert ["good" in one and "Response verify OK" in one for one in told[3:]] == [True] * 3
    for wanting in (
        with_evidence(pdf, ca, nodes.now, about=certificates[1:]),
        with_evidence(pdf, ca, nodes.now - timedelta(hours=2), about=certificates),
    ):
        assert said(nodes.verify(wanting)) == ("INDETERMINATE", "TRY_LATER")
    ca.revoke(signer.certificate, nodes.now - timedelta(minutes=30))
    known = with_evidence(pdf, ca, nodes.now, about=certificates)
    bare = signed(page(), ca, signer, at=nodes.now)
    assert said(nodes.verify(with_evidence(bare, ca, nodes.now, about=certificates))) == ("INDETERMINATE", "REVOKED_NO_POE")
    assert said(nodes.verify(known)) == ("TOTAL_PASSED", None)  # it signed half an hour before
    fetch_lists(nodes, ca, number=6)


def test_the_evidence_is_of_every_signature_by_its_own_lists_or_answers(nodes: Federation, ca: Authority, tmp_path: Path) -> None:
    """A node's own seal, a customer's with a time-stamp over the file, and a stranger's, which has no path."""
    stranger = Authority(COMPANY, AREA)
    signer, stamper = ca.seal("李四", names=CUSTOMERS), ca.time_stamper()
    pdf = signed(page(), nodes.authority, nodes.authority.seal("饶平县市场监督管理局"), at=nodes.now)
    pdf = signed(pdf, ca, signer, at=nodes.now, field="Signature2")
    pdf = signed(pdf, stranger, stranger.seal("王五", names=CUSTOMERS), at=nodes.now, field="Signature3")
    pdf = stamped(pdf, ca, stamper, at=nodes.now)
    pdf = with_evidence(pdf, ca, nodes.now, about=[one.certificate for one in (signer, stamper, ca.issuing)])
    fetch_lists(nodes, ca, number=7, valid=timedelta(seconds=1))
    nodes.clock.advance(timedelta(minutes=1))
    told = openssl_says(make_evidence(nodes.city, collect(nodes.city, pdf, actor="operator:test")), tmp_path)
    guide = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert [line for line in guide.splitlines() if line.startswith(("1. ", "2. ", "3. "))] == [
        "1. 饶平县市场监督管理局电子印章",
        "2. 李四电子印章",
    ]
    assert "另有 1 个签名不成立，或者签名人没有信任路径" in guide
    assert sum("CMS Verification successful" in one for one in told) == 2
    assert sum("Verification: OK" in one for one in told) == 2
    # The own seal by lists at once, the customer's by answers; the time-stamp is under the customer's CA for both.
    assert guide.count("-crl_check_all -extended_crl -attime") == 1
    assert "-content covered-2.bin -out /dev/null -CAfile trust.pem -purpose any -attime" in guide
    assert sum("Response verify OK" in one for one in told) == 5
    (tmp_path / "stamped-2.bin").write_bytes(b"another file")
    command = next(line.split() for line in guide.splitlines() if "-data stamped-2.bin" in line)
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0
    fetch_lists(nodes, ca, number=8)


def test_a_signature_that_does_not_hold_is_no_evidence_against_whom_it_names(nodes: Federation, contract: bytes) -> None:
    forged = contract.replace(b"(Contract)", b"(Contraet)")
    assert [one.problem for one in reading.read(forged).others] == ["HASH_FAILURE"]
    with pytest.raises(Refusal, match="evidence_missing"):
        collect(nodes.city, forged, actor="operator:test")


def test_evidence_that_would_be_too_large_is_refused(
    nodes: Federation, ca: Authority, contract: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = signed(contract, ca, ca.seal("李四", names=CUSTOMERS), at=nodes.now, field="Signature2")
    sizes = [sum(map(len, one.covered)) for one in collect(nodes.city, both, actor="operator:test").proofs]
    assert len(sizes) == 2
    monkeypatch.setattr(proofs, "_MOST", sum(sizes) - 1)
    with pytest.raises(Refusal, match="evidence_too_large"):
        collect(nodes.city, both, actor="operator:test")


def openssl_says(evidence: Iterator[bytes], folder: Path) -> list[str]:
    """Do what stands in the evidence and return what comes of each command."""
    with zipfile.ZipFile(BytesIO(b"".join(evidence))) as file:
        file.extractall(folder)
    guide = (folder / "README.txt").read_text(encoding="utf-8")
    commands = [line.split() for line in guide.splitlines() if line.strip().startswith("openssl ")]
    done = [subprocess.run(each, cwd=folder, capture_output=True, text=True, check=True) for each in commands]
    return [each.stdout + each.stderr for each in done]


def test_more_signatures_than_anybody_looks_at_are_refused_by_name(
    nodes: Federation, ca: Authority, contract: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = signed(contract, ca, ca.seal("李四", names=CUSTOMERS), at=nodes.now, field="Signature2")
    monkeypatch.setattr(documents, "MAX_SIGNATURES", 1)
    verdict = nodes.verify(both)
    assert said(verdict) == ("INDETERMINATE", "LIMITS_EXCEEDED")
    assert evidence(verdict, "format")["code"] == "document_many_signatures"
    assert "1 个以上的签名" in verdict.message.zh


def test_outside_of_the_agreements_constraints(nodes: Federation, ca: Authority) -> None:
    for signer, reason in (
        (ca.seal("张三", names=ELSEWHERE), "name_not_permitted"),
        (ca.seal("张三", names=CUSTOMERS, level=1), "policy_not_accepted"),
    ):
        verdict = nodes.verify(signed(page(), ca, signer, at=nodes.now))
        assert said(verdict) == ("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE"), verdict.message
        assert evidence(verdict, "trust")["reason"] == reason
    stamper = ca.time_stamper()
    verdict = nodes.verify(signed(page(), ca, stamper, at=nodes.now))
    assert said(verdict) == ("INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE")


def test_unknown_ca(nodes: Federation) -> None:
    stranger = Authority((("C", "CN"), ("O", "某公司")), "9998")
    verdict = nodes.verify(signed(page(), stranger, stranger.seal("张三"), at=nodes.now))
    assert said(verdict) == ("INDETERMINATE", "UNTRUSTED")
    assert evidence(verdict, "trust")["etsi"] == "NO_CERTIFICATE_CHAIN_FOUND"
    assert evidence(verdict, "kind") == {"kind": "document"}


def test_what_claims_to_be_a_licence_is_judged_as_one_whoever_signed(nodes: Federation, ca: Authority) -> None:
    sealing = pdfs.Sealing.by(ca, seal=ca.seal("饶平县市场监督管理局", names=CUSTOMERS), at=nodes.now - timedelta(hours=1))
    verdict = nodes.verify(pdfs.sealed(sealing, nodes.data()))
    assert said(verdict) == ("TOTAL_FAILED", "WRONG_ISSUER"), verdict.message


def test_a_nodes_own_seal_without_licence_data_is_no_document_of_others(nodes: Federation) -> None:
    seal = nodes.authority.seal("饶平县市场监督管理局")
    verdict = nodes.verify(signed(page(), nodes.authority, seal, at=nodes.now))
    assert verdict.indication == "TOTAL_FAILED"
    assert "kind" not in {finding.id for finding in verdict.checks}


@settings(max_examples=40)
@given(at=st.integers(0, 30_000), bits=st.integers(1, 255))
def test_no_change_of_a_byte_is_called_good(contract: bytes, at: int, bits: int) -> None:
    place = at % len(contract)
    changed = contract[:place] + bytes([contract[place] ^ bits]) + contract[place + 1 :]
    start, end = pdfs.hole(contract)
    try:
        found = reading.read(changed)
    except Refusal:
        return
    assert reading_json.load(reading_json.dump(found)) == found
    if not start <= place < end:
        assert all(one.problem is not None for one in found.others)
