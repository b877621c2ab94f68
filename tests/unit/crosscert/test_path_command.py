"""``chaoxin path`` as people and programs call it: the contract's options, JSON and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from kernel.errors import Misuse
from service.cli.path import command
from tests.unit.crosscert.forge import ParsedCertificate, ParsedCrl, oid, signer
from tests.unit.crosscert.test_hostile import CERTIFICATES, LISTS

ROOT, SUB = signer("root"), signer("sub")
LEAF = SUB.leaf("饶平县", "印章", policies=["1"])
SUB_CA = ROOT.ca(SUB, policies=["1"])
AT = ("--at", "2026-11-23T16:00:00+08:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "root.cer", ROOT.root())
    write(tmp_path / "leaf.cer", LEAF)
    (tmp_path / "certs").mkdir()
    write(tmp_path / "certs" / "sub.cer", SUB_CA)
    (tmp_path / "certs" / "readme.txt").write_text("not a certificate")
    (tmp_path / "crls").mkdir()
    write(tmp_path / "crls" / "root.crl", ROOT.crl())
    write(tmp_path / "crls" / "sub.crl", SUB.crl())
    return tmp_path


def write(path: Path, found: ParsedCertificate | ParsedCrl) -> None:
    path.write_bytes(found.der)


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [argument.format(d=folder) for argument in arguments])


WHOLE = ("{d}/leaf.cer", "--anchor", "{d}/root.cer", "--certs", "{d}/certs", "--crls", "{d}/crls", *AT)


def test_a_good_path_is_told_as_json_with_exit_0(folder: Path) -> None:
    result = run(folder, *WHOLE, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["valid"], told["reason"], told["policies"]) == (True, None, [oid("1")])
    assert [set(link) for link in told["path"]] == [{"subject", "issuer", "serial", "sha256"}] * 3
    assert [link["subject"] for link in told["path"]] == ["CN=root,C=CN", "CN=sub,C=CN", "CN=印章,O=饶平县,C=CN"]
    assert "readme.txt" in result.stderr


def test_a_bad_one_with_exit_1_and_the_reason(folder: Path) -> None:
    (folder / "crls" / "sub.crl").unlink()
    result = run(folder, *WHOLE, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["valid"] is False
    assert told["reason"]["code"] == "revocation_unknown"
    assert told["reason"]["certificate"]["subject"] == "CN=印章,O=饶平县,C=CN"
    assert set(told["reason"]["message"]) == {"zh", "en"}
    assert run(folder, *WHOLE, "--json", "--no-revocation").exit_code == 0


def test_several_values_behind_one_option_and_the_target_anywhere(folder: Path) -> None:
    files = ("{d}/certs/sub.cer", "{d}/root.cer")
    for arguments in (
        ("{d}/leaf.cer", "--certs", *files, "--anchor", "{d}/root.cer", "--crls", "{d}/crls/root.crl", "{d}/crls/sub.crl", *AT),
        ("--anchor", "{d}/root.cer", "--crls", "{d}/crls", "--certs", *files, "{d}/leaf.cer", *AT),
        (*AT, "--anchor", "{d}/leaf.cer", "{d}/root.cer", "--crls", "{d}/crls", "--certs", files[0], "--json", "{d}/leaf.cer"),
        ("{d}/leaf.cer", "--anchor={d}/root.cer", "--crls={d}/crls", "--certs={d}/certs", *AT),
    ):
        result = run(folder, *arguments)
        assert result.exit_code == 0, (arguments, result.output, result.stderr)


def test_the_policy_options(folder: Path) -> None:
    assert run(folder, *WHOLE, "--explicit-policy", "--policy", oid("1")).exit_code == 0
    assert run(folder, *WHOLE, "--explicit-policy", "--policy", oid("7"), oid("1")).exit_code == 0
    assert run(folder, *WHOLE, "--explicit-policy", "--policy", oid("7")).exit_code == 1
    assert run(folder, *WHOLE, "--policy", oid("7")).exit_code == 0  # not demanded, as RFC 5280 has it
    for flag in ("--inhibit-policy-mapping", "--inhibit-any-policy"):
        assert run(folder, *WHOLE, flag).exit_code == 0


def test_pem_and_pkcs7_are_read(folder: Path) -> None:
    certificates = [x509.load_der_x509_certificate(each.der) for each in (LEAF, SUB_CA)]
    (folder / "chain.p7b").write_bytes(pkcs7.serialize_certificates(certificates, Encoding.DER))
    (folder / "chain.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    rest = ("--anchor", "{d}/root.cer", "--crls", "{d}/crls", *AT)
    assert run(folder, "{d}/leaf.cer", "--certs", "{d}/chain.p7b", *rest).exit_code == 0
    assert run(folder, "{d}/chain.pem", *rest).exit_code == 0


def test_for_people_it_says_the_path_and_the_reason_in_words(folder: Path) -> None:
    assert "可信 valid" in run(folder, *WHOLE).stdout
    told = run(folder, "{d}/leaf.cer", "--anchor", "{d}/root.cer", *AT)
    assert told.exit_code == 1
    assert "issuer_not_found" in told.stdout
    assert "找不到" in told.stdout


def test_a_bundles_lowest_certificate_is_the_target_whatever_its_order(folder: Path) -> None:
    certificates = [x509.load_der_x509_certificate(each.der) for each in (ROOT.root(), SUB_CA, LEAF)]
    rest = ("--anchor", "{d}/root.cer", "--crls", "{d}/crls", *AT, "--json")
    for order in permutations(certificates):
        (folder / "chain.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in order))
        result = run(folder, "{d}/chain.pem", *rest)
        assert result.exit_code == 0
        assert json.loads(result.stdout)["path"][-1]["sha256"] == LEAF.sha256
    (folder / "chain.p7c").write_bytes(pkcs7.serialize_certificates(certificates, Encoding.DER))
    assert json.loads(run(folder, "{d}/chain.p7c", *rest).stdout)["path"][-1]["sha256"] == LEAF.sha256


def test_each_anchor_is_tried_also_out_of_a_folder_or_bundle(folder: Path) -> None:
    strangers = [signer(f"stranger{n}").root() for n in range(3)]
    (folder / "anchors").mkdir()
    for place, found in enumerate([*strangers, ROOT.root()]):
        write(folder / "anchors" / f"{place}.cer", found)
    (folder / "anchors" / "notes.txt").write_text("not a certificate")
    found = [x509.load_der_x509_certificate(each.der) for each in (*strangers, ROOT.root())]
    (folder / "anchors.p7b").write_bytes(pkcs7.serialize_certificates(found, Encoding.PEM))
    rest = ("--certs", "{d}/certs", "--crls", "{d}/crls", *AT, "--json")
    result = run(folder, "{d}/leaf.cer", "--anchor", "{d}/anchors", *rest)
    assert result.exit_code == 0
    assert "notes.txt" in result.stderr
    assert run(folder, "{d}/leaf.cer", "--anchor", "{d}/anchors.p7b", *rest).exit_code == 0
    assert run(folder, "{d}/leaf.cer", "--anchor", "{d}/anchors/0.cer", "{d}/anchors/3.cer", *rest).exit_code == 0
    told = json.loads(run(folder, "{d}/leaf.cer", "--anchor", "{d}/anchors/0.cer", "{d}/anchors/1.cer", *rest).stdout)
    assert told["valid"] is False


def test_hostile_files_in_folders_are_named_and_passed_over(folder: Path) -> None:
    hostile = folder / "certs" / "hostile"
    hostile.mkdir()
    for place, data in enumerate([b"", *CERTIFICATES.values(), *LISTS.values(), LEAF.der[:-1]]):
        (hostile / f"{place}.der").write_bytes(data)
    (hostile / "nowhere").symlink_to(folder / "missing")
    os.mkfifo(hostile / "pipe")
    (hostile / "round").symlink_to(folder / "certs", target_is_directory=True)
    (hostile / "red\x1b[31m.cer").write_bytes(b"red")
    Path(os.fsdecode(os.fsencode(hostile) + b"/\xff.cer")).write_bytes(b"no text")
    result = run(folder, *WHOLE, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["valid"] is True
    for name in ("0.der", "40.der", "nowhere", "pipe", "red\\u001b[31m.cer", "readme.txt"):
        assert name in result.stderr
    assert "\x1b" not in result.stderr


def test_names_in_certificates_do_not_write_to_the_terminal(folder: Path) -> None:
    write(folder / "leaf.cer", SUB.leaf("red\x1b[31m", "seal\u202e", policies=["1"]))
    result = run(folder, *WHOLE)
    assert result.exit_code == 0
    assert "O=red\\u001b[31m" in result.stdout
    assert "seal\\u202e" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("what", ["an absurd tag", "a deep subject", "100,000 extensions"])
def test_a_hostile_target_or_anchor_is_misuse_that_names_the_file(folder: Path, what: str) -> None:
    (folder / "bad.cer").write_bytes(CERTIFICATES[what])
    for arguments in (("{d}/bad.cer", "--anchor", "{d}/root.cer"), ("{d}/leaf.cer", "--anchor", "{d}/bad.cer")):
        error = run(folder, *arguments, *AT, "--json").exception
        assert isinstance(error, Misuse)
        assert error.field == f"{folder}/bad.cer"


@pytest.mark.parametrize(
    "arguments",
    [
        ("{d}/leaf.cer", *AT),
        ("{d}/missing.cer", "--anchor", "{d}/root.cer", *AT),
        ("{d}/leaf.cer", "--anchor", "{d}/missing.cer", *AT),
        ("{d}/certs/readme.txt", "--anchor", "{d}/root.cer", *AT),
        ("{d}/leaf.cer", "--anchor", "{d}/certs/readme.txt", *AT),
        ("{d}/leaf.cer", "--anchor", "{d}/crls", *AT),
        ("{d}/crls/sub.crl", "--anchor", "{d}/root.cer", *AT),
        ("{d}/leaf.cer", "--anchor", "{d}/root.cer", "--at", "2026-11-23"),
        ("{d}/leaf.cer", "--anchor", "{d}/root.cer", "--policy", "high", *AT),
        ("{d}/leaf.cer", "--anchor", "{d}/root.cer", "--frobnicate", *AT),
        ("--anchor", "{d}/root.cer", *AT),
    ],
)
def test_misuse_is_told_apart_from_not_valid(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == 2 or isinstance(result.exception, Misuse), result.output


def test_the_program_itself_exits_2_on_misuse_in_one_line(folder: Path) -> None:
    program = [sys.executable, "-m", "service.cli", "path"]
    done = subprocess.run(
        [*program, f"{folder}/certs/readme.txt", "--anchor", f"{folder}/root.cer"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("certificate_unreadable")
    assert done.stderr.count("\n") == 1
