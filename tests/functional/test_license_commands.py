"""The commands for departments and licences: what they print, what they refuse, and with which exit code."""

from __future__ import annotations

import csv
import json
import subprocess
import zipfile
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from licenses import status
from pki import authority
from service.config import load_config
from service.demo import plan
from service.wiring import Services
from tests.support.commands import run_command
from tests.support.new_nodes import put_database
from tests.support.programs import need

HEAD, *ROWS = (plan.DATA / "applications.csv").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "node"
    who = ("--code", "445100", "--name", "潮州市", "--url", "http://localhost:18100", "--port", "18100")
    place = ("--province", "广东省", "--city", "潮州市", "--database", put_database(folder))
    made = run_command("init", str(folder), *who, *place)
    assert made.returncode == 0, made.stderr
    assert chaoxin(folder, "department", "import", str(plan.DATA / "departments.csv")).returncode == 0
    return folder


def chaoxin(node: Path, *arguments: str) -> CompletedProcess[str]:
    return run_command(*arguments, config=node / "chaoxin.toml")


def applications(folder: Path, rows: list[str], *, encoding: str = "utf-8", head: str = HEAD) -> str:
    file = folder / "applications.csv"
    file.write_bytes("\n".join([head, *rows, ""]).encode(encoding))
    return str(file)


def test_a_file_is_issued_reported_and_issued_again_without_harm(node: Path, tmp_path: Path) -> None:
    file, report, out = applications(tmp_path, ROWS[:3]), tmp_path / "report.csv", tmp_path / "out"
    first = chaoxin(node, "license", "issue", file, "--report", str(report), "--out", str(out))
    assert first.returncode == 1, first.stderr
    assert "签发 2，已有 0，拒绝 1" in first.stdout
    with report.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["row", "outcome", "number", "identifier", "file", "field", "code", "message"]
    assert [(row["row"], row["outcome"], row["code"]) for row in rows] == [
        ("1", "issued", ""),
        ("2", "issued", ""),
        ("3", "refused", "holder_id_check"),
    ]
    assert sorted(Path(row["file"]) for row in rows[:2]) == sorted(out.iterdir())
    again = chaoxin(node, "license", "issue", file, "--out", str(out), "--json")
    told = json.loads(again.stdout)
    assert (told["issued"], told["already"], told["refused"]) == (0, 2, 1)
    refused = told["rows"][2]
    assert refused["field"] == "holder_id"
    assert refused["message"]["en"]
    assert refused["remedy"]["zh"]


def test_licences_are_shown_listed_exported_and_suspended(node: Path, tmp_path: Path) -> None:
    assert chaoxin(node, "license", "issue", applications(tmp_path, [ROWS[3]])).returncode == 0
    number = ROWS[3].split(",")[3]
    assert (node / "licenses" / f"{number}.pdf").is_file()
    shown = json.loads(chaoxin(node, "license", "show", number, "--json").stdout)
    assert shown["status"] == "01"
    listed = json.loads(chaoxin(node, "license", "list", "--holder", shown["holder_name"], "--json").stdout)
    assert [one["identifier"] for one in listed] == [shown["identifier"]]
    assert chaoxin(node, "license", "export", shown["identifier"], "--out", str(tmp_path)).returncode == 0
    assert (tmp_path / f"{number}.pdf").read_bytes() == (node / "licenses" / f"{number}.pdf").read_bytes()
    suspend = ("license", "suspend", number, "--reason", "investigation", "--by", "陈")
    shown_first = json.loads(chaoxin(node, *suspend, "--json").stdout)
    assert (shown_first["changed"], json.loads(chaoxin(node, "license", "show", number, "--json").stdout)["status"]) == (
        False,
        "01",
    )
    assert chaoxin(node, *suspend, "--yes").returncode == 0
    assert json.loads(chaoxin(node, "license", "show", number, "--json").stdout)["status"] == "02"


def test_two_officers_revoke_at_the_command_line(node: Path, tmp_path: Path) -> None:
    assert chaoxin(node, "license", "issue", applications(tmp_path, [ROWS[10]])).returncode == 0
    number = ROWS[10].split(",")[3]
    revoke = ("license", "revoke", number, "--reason", "deception", "--by", "陈", "--yes", "--json")
    asked = json.loads(chaoxin(node, *revoke).stdout)
    assert asked["state"] == "waiting"
    agree = ("license", "agree", asked["id"], "--yes", "--by")
    assert (refused := chaoxin(node, *agree, "陈")).returncode == 1
    assert refused.stderr.startswith("same_officer")
    assert [one["id"] for one in json.loads(chaoxin(node, "license", "acts", "--waiting", "--json").stdout)] == [asked["id"]]
    assert chaoxin(node, *agree, "林").returncode == 0
    assert json.loads(chaoxin(node, "license", "show", number, "--json").stdout)["status"] == "03"
    wrong = chaoxin(node, "license", "suspend", number, "--reason", "safety", "--by", "陈", "--yes")
    assert (wrong.returncode, wrong.stderr.split()[0]) == (1, "act_not_in_status")


def test_a_licence_is_renewed_and_copied_for_one_use_at_the_command_line(node: Path, tmp_path: Path) -> None:
    assert chaoxin(node, "license", "issue", applications(tmp_path, [ROWS[11]])).returncode == 0
    number = ROWS[11].split(",")[3]
    renew = ("license", "renew", number, "--reason", "validity", "--by", "陈", "--yes", "--set", "valid_to=2040-01-01")
    assert (done := chaoxin(node, *renew)).returncode == 0, done.stderr
    shown = json.loads(chaoxin(node, "license", "show", number, "--json").stdout)
    assert (shown["version"], shown["valid_to"], shown["status"]) == ("002", "2040-01-01", "01")
    assert json.loads(chaoxin(node, "license", "show", shown["replaces"], "--json").stdout)["status"] == "05"
    copy = ("--set", "purpose=申请贷款", "--set", "receiver=农商银行", "--set", "until=2030-01-01")
    made = chaoxin(node, "license", "annotate", number, "--reason", "use", "--by", "陈", "--yes", "--json", *copy)
    assert made.returncode == 0, made.stderr
    assert chaoxin(node, "license", "export", json.loads(made.stdout)["result"], "--out", str(tmp_path)).returncode == 0
    assert chaoxin(node, "verify", str(tmp_path / f"{number}-JZ1.pdf")).returncode == 0


def test_what_is_not_there_is_a_no(node: Path) -> None:
    done = chaoxin(node, "license", "show", "445100000000000000")
    assert (done.returncode, done.stderr.split()[0]) == (1, "license_not_found")


def test_a_file_that_cannot_be_read_is_a_misuse_in_one_line(node: Path, tmp_path: Path) -> None:
    wrong_encoding = applications(tmp_path, ROWS[:2], encoding="gb18030")
    done = chaoxin(node, "license", "issue", wrong_encoding)
    assert (done.returncode, done.stderr.split(":")[0]) == (2, "csv_encoding")
    assert "UTF-8" in done.stderr
    missing = applications(tmp_path, [], head=HEAD.replace("holder_id,", ""))
    done = chaoxin(node, "license", "issue", missing)
    assert (done.returncode, done.stderr.split(":")[0]) == (2, "csv_column_missing (holder_id)")
    assert len(done.stderr.strip().splitlines()) == 1
    assert chaoxin(node, "license", "issue", str(tmp_path / "none.csv")).returncode == 2


def test_places_that_cannot_be_written_are_told_before_anything_is_issued(node: Path, tmp_path: Path) -> None:
    file = applications(tmp_path, [ROWS[4]])
    (tmp_path / "a-file").touch()
    for option in (("--out", str(tmp_path / "a-file" / "below")), ("--report", str(tmp_path / "none" / "report.csv"))):
        done = chaoxin(node, "license", "issue", file, *option)
        assert (done.returncode, done.stderr.split(":")[0]) == (2, "folder_unwritable")
    assert chaoxin(node, "license", "show", ROWS[4].split(",")[3]).returncode == 1


def test_departments_are_listed_and_faulty_ones_refused(node: Path, tmp_path: Path) -> None:
    assert len(json.loads(chaoxin(node, "department", "list", "--json").stdout)) == 28
    file = tmp_path / "departments.csv"
    file.write_text("uscc,name,area_code,types\n114451008W15P11PMX,某局,445100,\n", encoding="utf-8")
    done = chaoxin(node, "department", "import", str(file), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["code"] == "issuer_id_check"


def test_a_printed_code_is_verified_at_the_node_and_away_from_it_by_two_files(node: Path, tmp_path: Path) -> None:
    assert chaoxin(node, "license", "issue", applications(tmp_path, ROWS[:1]), "--out", str(tmp_path / "out")).returncode == 0
    (pdf,) = (tmp_path / "out").iterdir()
    subprocess.run([need("pdftoppm", "poppler-utils"), "-r", "100", "-png", "-singlefile", pdf, tmp_path / "page"], check=True)
    at_node = chaoxin(node, "verify", "--qr", str(tmp_path / "page.png"), "--json")
    assert at_node.returncode == 0, at_node.stderr
    told = json.loads(at_node.stdout)
    assert (told["reliable"], told["status"]["source"], told["licence"]["number"]) == (True, "registry", pdf.stem.split("_")[0])
    with Services(load_config(node / "chaoxin.toml")) as services:
        (tmp_path / "list.jwt").write_text(status.current(services.licenses).body)
        (tmp_path / "anchor.cer").write_bytes(authority.get_principal(services.pki).der)
    files = ("--anchor", str(tmp_path / "anchor.cer"), "--status-list", str(tmp_path / "list.jwt"))
    away = run_command("verify", "--qr", str(tmp_path / "page.png"), *files, "--json")
    assert away.returncode == 0, away.stderr
    told = json.loads(away.stdout)
    assert (told["reliable"], told["status"]["source"]) == (True, "status_list")
    later = run_command("verify", "--qr", str(tmp_path / "page.png"), *files, "--at", "2036-01-01T00:00:00Z")
    assert (later.returncode, "status age" in later.stdout) == (1, True)
    for wrong, code in ((("--qr", "nonsense"), 1), (("--qr", "x", *files[:2]), 2), ((), 2), ((str(pdf), "--qr", "x"), 2)):
        assert chaoxin(node, "verify", *wrong).returncode == code, wrong


def test_the_log_is_shown_looked_over_and_gives_receipts_that_hold(node: Path, tmp_path: Path) -> None:
    assert chaoxin(node, "license", "issue", applications(tmp_path, ROWS[:1])).returncode == 0
    (record,) = json.loads(chaoxin(node, "license", "list", "--limit", "1", "--json").stdout)
    shown = json.loads(chaoxin(node, "log", "show", "--json").stdout)
    assert shown["origin"] == "localhost:18100/licenses/log"
    assert shown["checkpoint"].startswith(f"{shown['origin']}\n{shown['size']}\n")
    assert "verifier_key" in chaoxin(node, "log", "show").stdout
    whole = chaoxin(node, "log", "verify", "--json")
    assert (whole.returncode, json.loads(whole.stdout)["problems"]) == (0, [])
    assert chaoxin(node, "log", "proof", record["number"], "--out", str(tmp_path)).returncode == 0
    receipt = tmp_path / f"{record['number']}.tlog-proof"
    held = chaoxin(node, "log", "verify", str(receipt), "--key", shown["verifier_key"], "--json")
    assert json.loads(held.stdout)["pdf_sha256"] == record["sha256"]
    receipt.write_text(receipt.read_text(encoding="utf-8").replace("index 0", "index 1"), encoding="utf-8")
    wrong = chaoxin(node, "log", "verify", str(receipt))
    assert (wrong.returncode, "proof_invalid" in wrong.stderr) == (1, True)
    assert chaoxin(node, "log", "proof", "445122209900000001").returncode == 1


def test_folders_and_zips_are_verified_file_by_file(node: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    chaoxin(node, "license", "issue", applications(tmp_path, ROWS[:2]), "--out", str(out))
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for path in out.iterdir():
            file.write(path, path.name)
    good = chaoxin(node, "verify", str(out), str(packed))
    assert good.returncode == 0, good.stdout
    assert good.stdout.splitlines()[-1] == "4 / 4 TOTAL_PASSED"
    (tmp_path / "other.pdf").write_bytes(b"%PDF-1.7 nothing")
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    mixed = chaoxin(node, "verify", str(packed), str(tmp_path / "other.pdf"), str(tmp_path / "notes.txt"), "--json")
    assert mixed.returncode == 1
    told = [json.loads(line) for line in mixed.stdout.splitlines()]
    assert [each["verdict"]["indication"] for each in told[:3]] == ["TOTAL_PASSED", "TOTAL_PASSED", "TOTAL_FAILED"]
    assert told[3]["problem"]["code"] == "document_no_pdf"


def test_a_statement_is_written_and_verifies_in_turn_and_evidence_goes_with_it(node: Path, tmp_path: Path) -> None:
    out, statement, evidence = tmp_path / "out", tmp_path / "said.jws", tmp_path / "evidence.zip"
    chaoxin(node, "license", "issue", applications(tmp_path, ROWS[:1]), "--out", str(out))
    (pdf,) = out.iterdir()
    done = chaoxin(
        node, "verify", str(pdf), "--statement", str(statement), "--evidence", str(evidence), "--report", str(out / "report.pdf")
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(chaoxin(node, "verify", str(statement), "--of", str(pdf), "--json").stdout)
    assert (told["node"], told["verdict"]["indication"]) == ("445100", "TOTAL_PASSED")
    assert chaoxin(node, "verify", str(statement), "--of", str(evidence)).returncode == 1
    report = chaoxin(node, "verify", str(out / "report.pdf"))
    assert (report.returncode, "no licence" in report.stdout) == (0, True)
    with zipfile.ZipFile(evidence) as file:
        assert {"README.txt", "covered.bin", "seal.p7s", "statement.jws", "trust.pem"} <= set(file.namelist())
    assert chaoxin(node, "verify", str(out), "--statement", str(statement)).returncode == 2
