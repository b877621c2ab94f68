"""What one takes away from a verification: a statement that verifies in turn, and evidence that ``openssl`` checks without us."""

from __future__ import annotations

import io
import json
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses import reading, reading_json
from licenses.ports import LicenseDeps
from licenses.presentation import present
from licenses.report_data import SEAL, claims_of, reporter_name
from licenses.reports.collected import collect
from licenses.reports.evidence import make_evidence
from licenses.reports.page import _colour, make_report
from licenses.reports.statement import make_statement, own_claims, verify_statement
from pki import archiving, seals
from pki.records import Department
from tests.support import pdfs
from tests.support.authorities import Authority
from tests.support.federation import Federation, federation
from tests.support.license_data import COUNTY_ISSUER


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    clock = FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    with federation(tmp_path_factory.mktemp("federation"), clock) as made:
        clock.advance(timedelta(hours=6))
        yield made


@pytest.fixture(scope="module")
def countys(nodes: Federation) -> bytes:
    return nodes.issue_at_county()


def evidence_of(nodes: Federation, pdf: bytes, folder: Path) -> list[list[str]]:
    """Unpack the evidence of ``pdf`` into ``folder`` and return the commands that stand in it."""
    made = make_evidence(nodes.city, collect(nodes.city, pdf, actor="operator:test"))
    with zipfile.ZipFile(io.BytesIO(b"".join(made))) as file:
        file.extractall(folder)
    guide = (folder / "README.txt").read_text(encoding="utf-8")
    return [line.split() for line in guide.splitlines() if line.strip().startswith("openssl ")]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_openssl_finds_the_evidence_good_by_the_commands_that_come_with_it(
    nodes: Federation, countys: bytes, tmp_path: Path
) -> None:
    own = nodes.issue_at_city()
    for name, pdf in (("county", countys), ("own", own), ("archived", archiving.archive(nodes.city.pki, own))):
        (tmp_path / name).mkdir()
        seal, stamp, listed = evidence_of(nodes, pdf, tmp_path / name)
        for command, said in ((seal, "Verification successful"), (stamp, "Verification: OK"), (listed, "OK")):
            done = run(command, tmp_path / name)
            assert done.returncode == 0, done.stderr
            assert said in done.stdout + done.stderr


def test_evidence_of_a_large_file_goes_out_as_it_is_read_and_takes_no_memory(nodes: Federation, countys: bytes) -> None:
    collected = collect(nodes.city, countys, actor="operator:test")
    (proof,) = collected.proofs
    assert {id(one.obj) for one in proof.covered if isinstance(one, memoryview)} == {id(collected.pdf)}
    large = memoryview(bytes(24 << 20))
    made = make_evidence(nodes.city, replace(collected, proofs=[replace(proof, covered=(large, large))]))
    tracemalloc.start()
    sizes = [len(piece) for piece in made]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sizes) > 2 * len(large)
    assert most < 4 << 20


def test_openssl_finds_changed_evidence_wrong(nodes: Federation, countys: bytes, tmp_path: Path) -> None:
    seal, stamp, _ = evidence_of(nodes, countys, tmp_path)
    for name in ("covered.bin", "signature.bin"):
        content = bytearray((tmp_path / name).read_bytes())
        content[20] ^= 1
        (tmp_path / name).write_bytes(content)
    assert run(seal, tmp_path).returncode != 0
    assert run(stamp, tmp_path).returncode != 0


def test_openssl_finds_a_revoked_seal_revoked(nodes: Federation, tmp_path: Path) -> None:
    seal = nodes.authority.seal(COUNTY_ISSUER[0])
    pdf = nodes.sealed(nodes.sealing(seal=seal))
    command, *_ = evidence_of(nodes, pdf, tmp_path)
    assert run(command, tmp_path).returncode == 0
    nodes.authority.revoke(seal.certificate, nodes.now - timedelta(hours=1), x509.ReasonFlags.superseded)
    nodes.store_lists()
    command, *_ = evidence_of(nodes, pdf, tmp_path)
    assert "--attime" not in command
    assert run([*command[:-1], str(int(nodes.now.timestamp()))], tmp_path).returncode != 0


def test_a_file_whose_signer_nobody_trusts_gives_no_evidence(nodes: Federation) -> None:
    stranger = Authority((("C", "CN"), ("O", "某公司")), "330100")
    for pdf in (pdfs.sealed(pdfs.Sealing.by(stranger, at=nodes.now), nodes.data()), pdfs.unsealed(nodes.data())):
        with pytest.raises(Refusal) as refused:
            collect(nodes.city, pdf, actor="operator:test")
        assert refused.value.code == "evidence_missing"


def test_a_statement_verifies_at_other_nodes_too_and_says_what_was_found(nodes: Federation, countys: bytes) -> None:
    verdict = nodes.verify(countys)
    jws = make_statement(nodes.city, countys, verdict, nodes.now)
    found = verify_statement(nodes.city, jws, nodes.now, pdf=countys)
    assert found.node.code == "445100"
    assert found.claims["verdict"] == json.loads(json.dumps(verdict.as_json()))
    countys_own = make_statement(nodes.county, countys, verdict, nodes.now)
    assert verify_statement(nodes.city, countys_own, nodes.now).node.code == "445122"


def test_a_statement_that_was_changed_or_is_of_another_file_or_anothers_is_refused(nodes: Federation, countys: bytes) -> None:
    jws = make_statement(nodes.city, countys, nodes.verify(countys), nodes.now)
    head, payload, signature = jws.split(".")
    for forged in (f"{head}.{payload[:-4]}AAAA.{signature}", f"{head}.{payload}.{signature[:-4]}AAAA", f"{head}.{payload}", "x"):
        with pytest.raises(Refusal):
            verify_statement(nodes.city, forged, nodes.now)
    with pytest.raises(Refusal) as refused:
        verify_statement(nodes.city, jws, nodes.now, pdf=countys + b"\n")
    assert refused.value.code == "statement_other_file"


def test_the_path_says_where_it_leads_to_another_node(nodes: Federation, countys: bytes) -> None:
    steps = present(nodes.verify(countys)).steps
    assert [step.how.en for step in steps] == ["issues", "cross-certifies", "issues", "issues"]
    assert [step.role.zh for step in steps] == ["本节点的根", "证书机构", "证书机构", "签章证书"]
    own = present(nodes.verify(nodes.issue_at_city(number="445122202100000088"))).steps
    assert {step.how.en for step in own} == {"issues"}


def report_of(deps: LicenseDeps, nodes: Federation, pdf: bytes) -> bytes:
    """Return a node's sealed report about ``pdf``."""
    return make_report(deps, claims_of(deps.node, pdf, nodes.verify(pdf), nodes.now))


def test_a_sealed_report_is_genuine_here_and_at_other_nodes_and_no_licence(nodes: Federation, countys: bytes) -> None:
    for deps, name in ((nodes.city, "潮州市"), (nodes.county, "饶平县")):
        report = report_of(deps, nodes, countys)
        verdict = nodes.verify(report)
        assert (verdict.indication, verdict.subindication, verdict.level) == ("TOTAL_PASSED", None, "B-LT"), verdict.message
        found = {finding.id: finding.evidence for finding in verdict.checks}
        assert found["kind"] == {"kind": "report"}
        assert (found["report"]["sha256"], found["report"]["indication"]) == (sha256(countys).hexdigest(), "TOTAL_PASSED")
        assert f"报告由{name}出具" in verdict.message.zh
        assert (verdict.status.code, present(verdict).light) == (None, "warn")
        assert reading_json.load(reading_json.dump(reading.read(report))) == reading.read(report)


def test_a_report_that_was_changed_or_that_others_sealed_is_none(nodes: Federation, countys: bytes) -> None:
    report = report_of(nodes.city, nodes, countys)
    claims = json.dumps(claims_of(nodes.county.node, countys, nodes.verify(countys), nodes.now), ensure_ascii=False)
    for forged, said in (
        (pdfs.trailing_bytes(report), ("TOTAL_FAILED", "TAMPERED")),
        (pdfs.annotation_added_by_update(report), ("TOTAL_FAILED", "TAMPERED")),
        (pdfs.sealed(nodes.sealing(), json.loads(claims), attached="verification.json"), ("TOTAL_FAILED", "WRONG_ISSUER")),
    ):
        verdict = nodes.verify(forged)
        assert (verdict.indication, verdict.subindication) == said, verdict.message
    stranger = pdfs.Sealing.by(Authority((("C", "CN"), ("O", "某公司")), "330100"), at=nodes.now)
    verdict = nodes.verify(pdfs.sealed(stranger, json.loads(claims), attached="verification.json"))
    assert (verdict.indication, verdict.subindication) == ("INDETERMINATE", "UNTRUSTED")
    no_report = nodes.verify(pdfs.sealed(nodes.sealing(), {"iss": "x"}, attached="verification.json"))
    assert (no_report.indication, no_report.subindication) == ("TOTAL_FAILED", "FORMAT_FAILURE")


def test_the_report_seal_makes_no_licence(nodes: Federation) -> None:
    node = nodes.county.node
    department = Department("verification-report", reporter_name(node), node.code, node.names, SEAL)
    seal = seals.get_or_create_seal(nodes.county.pki, department)
    page = pdfs.rendered(nodes.data())
    verdict = nodes.verify(seals.seal_pdf(nodes.county.pki, seal, page, at=nodes.now, reason="x"))
    assert (verdict.indication, verdict.subindication) == ("TOTAL_FAILED", "WRONG_ISSUER"), verdict.message


def test_the_reports_light_is_green_for_a_licence_in_force_alone(nodes: Federation, countys: bytes) -> None:
    said = claims_of(nodes.county.node, countys, nodes.verify(countys), nodes.now)["verdict"]
    assert _colour(said) == "ok"
    for check in said["checks"]:
        if check["id"] == "dates":
            check["evidence"]["in_force"] = False
    assert _colour(said) == "warn"


def test_whatever_outsiders_wrote_a_report_is_printed(nodes: Federation) -> None:
    stranger = Authority((("C", "CN"), ("O", "𠮷😀\u0e0a𰻝" + "长" * 60)), "330100")
    pdf = pdfs.sealed(pdfs.Sealing.by(stranger, at=nodes.now), nodes.data())
    report = report_of(nodes.city, nodes, pdf)
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=report, capture_output=True, check=True).stdout.decode()
    assert "UNTRUSTED" in text
    assert nodes.verify(report).indication == "TOTAL_PASSED"


def test_a_report_is_made_of_this_nodes_own_statements_alone(nodes: Federation, countys: bytes) -> None:
    verdict = nodes.verify(countys)
    own = make_statement(nodes.city, countys, verdict, nodes.now)
    assert own_claims(nodes.city, own, nodes.now)["sub"] == "sha256:" + sha256(countys).hexdigest()
    for other in (make_statement(nodes.county, countys, verdict, nodes.now), f"{own[:-4]}AAAA", "", "潮"):
        with pytest.raises(Refusal) as refused:
            own_claims(nodes.city, other, nodes.now)
        assert refused.value.code == "report_elsewhere"
