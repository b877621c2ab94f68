"""What one takes away from a verification: a statement that verifies in turn, and evidence that ``openssl`` checks without us."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from kernel.clock import FixedClock
from kernel.errors import Refusal
from licenses.reports.collected import collect
from licenses.reports.evidence import make_evidence
from licenses.reports.statement import make_statement, verify_statement
from pki import archiving
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
    with zipfile.ZipFile(io.BytesIO(made)) as file:
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
        seal, stamp = evidence_of(nodes, pdf, tmp_path / name)
        for command, said in ((seal, "Verification successful"), (stamp, "Verification: OK")):
            done = run(command, tmp_path / name)
            assert done.returncode == 0, done.stderr
            assert said in done.stdout + done.stderr


def test_openssl_finds_changed_evidence_wrong(nodes: Federation, countys: bytes, tmp_path: Path) -> None:
    seal, stamp = evidence_of(nodes, countys, tmp_path)
    for name in ("covered.bin", "signature.bin"):
        content = bytearray((tmp_path / name).read_bytes())
        content[20] ^= 1
        (tmp_path / name).write_bytes(content)
    assert run(seal, tmp_path).returncode != 0
    assert run(stamp, tmp_path).returncode != 0


def test_openssl_finds_a_revoked_seal_revoked(nodes: Federation, tmp_path: Path) -> None:
    seal = nodes.authority.seal(COUNTY_ISSUER[0])
    pdf = nodes.sealed(nodes.sealing(seal=seal))
    command, _ = evidence_of(nodes, pdf, tmp_path)
    assert run(command, tmp_path).returncode == 0
    nodes.authority.revoke(seal.certificate, nodes.now - timedelta(hours=1), x509.ReasonFlags.superseded)
    nodes.store_lists()
    command, _ = evidence_of(nodes, pdf, tmp_path)
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
