"""Departments' applications become sealed licences, once; anyone can have them verified at any node."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pytest
import requests

from service.demo import plan
from tests.support.demo import Federation

CITY, RAOPING, CHAOAN = "445100", "445122", "445103"
APPLICATIONS = plan.DATA / "applications.csv"


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def reports(
    federation: Federation, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The reports of issuing the departments' 600 applications at the city, and of doing it again."""
    folder = tmp_path_factory.mktemp("reports")
    for name in ("first.csv", "second.csv"):
        federation.command(CITY, "license", "issue", str(APPLICATIONS), "--report", str(folder / name), expect=1)
    return read(folder / "first.csv"), read(folder / "second.csv")


def test_564_are_issued_and_36_refused_for_the_reason_in_the_last_column(reports: tuple[list[dict[str, str]], ...]) -> None:
    expected = {row["row"]: row["expect"] for row in read(APPLICATIONS)}
    found = {row["row"]: "ok" if row["outcome"] == "issued" else row["code"] for row in reports[0]}
    assert found == expected
    assert sum(row["outcome"] == "issued" for row in reports[0]) == 564
    assert all(row["field"] and row["message"] for row in reports[0] if row["outcome"] == "refused")


def test_a_second_run_issues_nothing_twice(reports: tuple[list[dict[str, str]], ...]) -> None:
    first, second = reports
    assert [row["outcome"] for row in second] == [row["outcome"].replace("issued", "already") for row in first]
    assert [row["identifier"] for row in second] == [row["identifier"] for row in first]


def test_every_pdf_passes_pdfsig_and_shows_its_text(reports: tuple[list[dict[str, str]], ...]) -> None:
    issued = [row for row in reports[0] if row["outcome"] == "issued"]
    holders = {row["row"]: row["holder_name"] for row in read(APPLICATIONS)}
    for row in issued:
        seen = subprocess.run(["pdfsig", "-nocert", row["file"]], capture_output=True, check=False, text=True).stdout
        assert seen.count("Signature Validation: Signature is Valid.") == 1, row["file"]
        assert "Total document signed" in seen, row["file"]
    for row in issued[::20]:
        text = subprocess.run(["pdftotext", "-layout", row["file"], "-"], capture_output=True, check=True, text=True).stdout
        assert holders[row["row"]] in text
        assert row["number"] in text


@pytest.mark.parametrize("verifier", [CITY, RAOPING, CHAOAN])
@pytest.mark.parametrize("issuer", [CITY, RAOPING, CHAOAN])
def test_a_licence_of_any_node_is_genuine_at_every_node(federation: Federation, issuer: str, verifier: str) -> None:
    verdict = federation.verify(verifier, federation.license_file(issuer))
    assert verdict["indication"] == "TOTAL_PASSED", verdict
    assert verdict["message"]["zh"]
    assert verdict["message"]["en"]
    assert [check for check in verdict["checks"] if check["result"] == "failed"] == []
    # The path starts at the verifier's own anchor, whoever issued.
    assert len(verdict["path"]) >= (3 if issuer == verifier else 4)


def test_one_changed_byte_is_never_genuine(federation: Federation) -> None:
    content = bytearray(federation.license_file(CITY).read_bytes())
    for position in range(100, len(content), len(content) // 25):
        changed = bytes(content[:position]) + bytes([content[position] ^ 1]) + bytes(content[position + 1 :])
        assert federation.verify(RAOPING, changed)["indication"] != "TOTAL_PASSED", position


def test_what_is_no_pdf_is_refused_with_a_reason(federation: Federation) -> None:
    url = f"{federation.url(CHAOAN)}/api/v1/verifications"
    answer = requests.post(url, files={"file": ("x.pdf", b"not a PDF at all")}, timeout=30)
    assert answer.status_code == 415
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["message"]["zh"]
    assert requests.post(url, timeout=30).status_code == 400


def test_the_command_line_gives_the_same_verdict(federation: Federation, tmp_path: Path) -> None:
    file = federation.license_file(CITY)
    good = federation.command(CHAOAN, "verify", str(file), "--json")
    assert json.loads(good.stdout)["indication"] == "TOTAL_PASSED"
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(file.read_bytes() + b"\nmore")
    bad = federation.command(CHAOAN, "verify", str(broken), "--json", expect=1)
    assert json.loads(bad.stdout)["indication"] == "TOTAL_FAILED"
    federation.command(CHAOAN, "verify", str(tmp_path / "none.pdf"), expect=2)
