"""``chaoxin crosscert`` from two nodes' files to each other's certificates, before either of them serves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from kernel.clock import SystemClock
from kernel.errors import ChaoxinError, Misuse
from service.cli import cli
from service.cli.options import explain
from tests.support.new_nodes import put_database
from tests.support.outside_ca import COMPANY, CUSTOMERS, LOW, OutsideCa
from tests.support.ports import free_port

CITY, COUNTY = ("445100", "潮州市"), ("445122", "饶平县")


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def chaoxin(node: Path, *arguments: str) -> Done:
    """Run a command in this process, which spares its start; ``service.cli.main`` ends refusals and misuses in the same way."""
    result = CliRunner().invoke(cli, ["--config", str(node / "chaoxin.toml"), *arguments])
    error = result.exception
    if isinstance(error, ChaoxinError):
        return Done(2 if isinstance(error, Misuse) else 1, result.stdout, explain(error))
    assert error is None or isinstance(error, SystemExit), error
    return Done(result.exit_code, result.stdout, result.stderr)


def made(folder: Path, node: tuple[str, str], *more: str) -> Path:
    (code, name), port = node, str(free_port())
    arguments = ["--code", code, "--name", name, "--url", f"http://localhost:{port}", "--port", port]
    place = ["--province", "广东省", "--city", "潮州市", "--database", put_database(folder)]
    result = CliRunner().invoke(cli, ["init", str(folder), *arguments, *place, *more])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("city"), CITY)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("county"), COUNTY, "--county", "饶平县")


def told(done: Done) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done: Done, code: str, returncode: int = 1) -> None:
    assert (done.returncode, done.stderr.split(":")[0].split(" ")[0]) == (returncode, code), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def approved(node: Path, identifier: str, *admins: str) -> None:
    for admin in admins:
        plan = told(chaoxin(node, "crosscert", "approve", identifier, "--by", admin, "--json"))["plan_sha256"]
        assert told(chaoxin(node, "crosscert", "approve", identifier, "--by", admin, "--plan", plan, "--yes", "--json"))


def test_the_whole_way_by_files(city: Path, county: Path, tmp_path: Path) -> None:
    city_file, request, cross = (str(tmp_path / name) for name in ("city.json", "request.json", "cross.cer"))
    # The county asks.
    assert chaoxin(city, "crosscert", "describe", "--out", city_file).returncode == 0
    asking = ("crosscert", "ask", "--peer-description", city_file, "--out", request, "--by", "chen", "--json")
    refused(chaoxin(county, *asking, "--path-length", "2"), "wish_too_wide")
    asked = told(chaoxin(county, *asking, "--level", "basic", "--level", "substantial", "--days", "400"))
    assert (asked["kind"], asked["state"], asked["peer"]["code"]) == ("asked", "requested", "445100")
    # The city takes it in. The code is not told to whoever is to hear it from the other side.
    taken = told(chaoxin(city, "crosscert", "take", request, "--by", "chen", "--json"))
    identifier = taken["identifier"]
    assert (taken["state"], taken["peer"]["code"], taken["code"]) == ("requested", "445122", None)
    assert taken["constraints"]["permitted_names"] == [{"C": "CN", "ST": "广东省", "L": "潮州市", "O": "饶平县"}]
    assert (len(taken["constraints"]["mappings"]), taken["constraints"]["validity_days"]) == (2, 400)
    assert asked["code"] not in chaoxin(city, "crosscert", "show", identifier).stdout
    refused(chaoxin(city, "crosscert", "confirm", identifier, "AAAA-BBBB-CCCC-DDDD", "--by", "chen"), "code_wrong")
    confirmed = told(chaoxin(city, "crosscert", "confirm", identifier, asked["code"], "--by", "chen", "--json"))
    assert (confirmed["state"], confirmed["code"]) == ("compared", asked["code"])
    assert told(chaoxin(county, "crosscert", "confirm", asked["identifier"], confirmed["code"], "--by", "chen", "--json"))
    # Two admins look at the plan and approve it.
    refused(chaoxin(city, "crosscert", "issue", identifier, "--by", "chen", "--yes"), "agreement_state")
    looked = chaoxin(city, "crosscert", "approve", identifier, "--by", "wang")
    assert "饶平县" in looked.stdout
    assert "--yes" in looked.stdout
    with_no_plan = CliRunner().invoke(
        cli, ["--config", str(city / "chaoxin.toml"), "crosscert", "approve", identifier, "--by", "wang", "--yes"]
    )
    assert (with_no_plan.exit_code, "--plan" in with_no_plan.output) == (2, True)
    plan = told(chaoxin(city, "crosscert", "approve", identifier, "--by", "wang", "--json"))
    assert (plan["changed"], plan["concerns"]["peers"]) == (False, ["445122 饶平县"])
    approving = ("crosscert", "approve", identifier, "--yes", "--json")
    refused(chaoxin(city, *approving, "--by", "Chen", "--plan", plan["plan_sha256"]), "approver_unsuitable")
    refused(chaoxin(city, *approving, "--by", "wang", "--plan", "0" * 64), "plan_changed")
    approved(city, identifier, "wang", "li")
    # The city issues, the county receives.
    assert chaoxin(city, "crosscert", "issue", identifier, "--by", "chen", "--out", cross).returncode == 0
    assert told(chaoxin(city, "crosscert", "show", identifier, "--json"))["state"] == "approved"
    done = chaoxin(city, "crosscert", "issue", identifier, "--by", "chen", "--out", cross, "--yes")
    assert done.returncode == 0, done.stderr
    nothing = chaoxin(county, "crosscert", "receive", asked["identifier"], "--by", "chen")
    assert (nothing.returncode, "compared" in nothing.stdout) == (1, True)
    received = told(chaoxin(county, "crosscert", "receive", asked["identifier"], cross, "--by", "chen", "--json"))
    assert received["state"] == "received"

    listed = told(chaoxin(city, "crosscert", "list", "--json"))
    assert [(peer["code"], peer["relation"]) for peer in listed["peers"]] == [("445122", "agreed")]
    away = chaoxin(city, "crosscert", "sync", "--json")
    assert (away.returncode, json.loads(away.stdout)) == (1, [{"code": "445122", "error": "peer_unreachable"}])

    narrow_and_revoke(city, identifier)


def narrow_and_revoke(city: Path, identifier: str) -> None:
    """Go on with an agreement that was issued: what is lost is told first, and wants an override."""
    renewed = told(chaoxin(city, "crosscert", "renew", identifier, "--by", "chen", "--json"))["identifier"]
    same = told(chaoxin(city, "crosscert", "approve", renewed, "--by", "wang", "--json"))
    assert (same["plan"]["changes"], same["concerns"]["peers"]) == (
        [],
        ["445122 饶平县"],
    )  # whom it is about, though nothing changes
    assert chaoxin(city, "crosscert", "reject", renewed, "--by", "chen").returncode == 0
    narrowing = ("crosscert", "narrow", identifier, "--level", "basic", "--by", "chen", "--json")
    narrower = told(chaoxin(city, *narrowing))
    assert (narrower["state"], narrower["replaces"], len(narrower["constraints"]["mappings"])) == ("compared", identifier, 1)
    lost = told(chaoxin(city, "crosscert", "approve", narrower["identifier"], "--by", "wang", "--json"))
    assert [warning["code"] for warning in lost["warnings"]] == ["trust_lost"]
    again = ("crosscert", "approve", narrower["identifier"], "--by", "wang", "--yes", "--plan", lost["plan_sha256"])
    refused(chaoxin(city, *again), "warning_stands")
    assert chaoxin(city, *again, "--override", "trust_lost").returncode == 0
    assert told(chaoxin(city, "crosscert", "reject", narrower["identifier"], "--by", "chen", "--json"))["state"] == "rejected"

    look = chaoxin(city, "crosscert", "revoke", identifier, "--by", "li")
    assert "--yes" in look.stdout
    assert "饶平县" in look.stdout
    assert told(chaoxin(city, "crosscert", "show", identifier, "--json"))["state"] == "issued"
    refused(chaoxin(city, "crosscert", "revoke", identifier, "--by", "li", "--yes"), "warning_stands")
    revoking = ("crosscert", "revoke", identifier, "--by", "li", "--yes", "--override", "trust_lost", "--json")
    assert told(chaoxin(city, *revoking))["state"] == "revoked"
    assert "review" in chaoxin(city, "crosscert", "list").stdout
    refused(chaoxin(city, "crosscert", "review", identifier, "--by", "Li"), "reviewer_unsuitable")
    reviewed = told(chaoxin(city, "crosscert", "review", identifier, "--by", "wang", "--json"))
    assert (reviewed["reviewed_by"], reviewed["review_until"]) == ("operator:wang", None)


def test_a_ca_outside_is_taken_in_by_its_files(county: Path, tmp_path: Path) -> None:
    made = OutsideCa.make(tmp_path, SystemClock().now())
    (tmp_path / "gdca.p7b").write_bytes(made.pkcs7())
    names = [",".join("=".join(pair) for pair in subtree) for subtree in (COMPANY, CUSTOMERS)]
    arguments = ["--code", "GDCA", "--full-name", "某认证", "--crl-url", "http://localhost:9/a.crl", "--days", "300"]
    arguments += ["--name", names[0], "--name", names[1], "--map", f"basic={LOW}", "--by", "chen", "--json"]
    taken = told(chaoxin(county, "crosscert", "outside", str(tmp_path / "gdca.p7b"), *arguments))
    assert (taken["kind"], taken["state"], taken["peer"]["code"]) == ("outside", "requested", "GDCA")
    assert (taken["code"], taken["principal"]["sha256"]) == (None, None)  # it is to be looked up, not copied
    published = x509.load_pem_x509_certificate(made.bundle).fingerprint(SHA256()).hex()
    assert told(chaoxin(county, "crosscert", "confirm", taken["identifier"], published, "--by", "chen", "--json"))
    approved(county, taken["identifier"], "wang", "li")
    refused(chaoxin(county, "crosscert", "outside", str(tmp_path / "missing"), *arguments), "description_invalid", 2)


def test_files_that_are_no_descriptions_are_told_in_one_line(city: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_bytes(b"")
    for name, exit_code in (("empty.json", 1), ("missing.json", 2)):
        out = str(tmp_path / "request.json")
        done = chaoxin(city, "crosscert", "ask", "--peer-description", str(tmp_path / name), "--out", out, "--by", "chen")
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (exit_code, 1), done.stderr
        assert done.stderr.startswith("description_invalid")
    refused(chaoxin(city, "crosscert", "take", str(tmp_path / "empty.json"), "--by", "chen"), "request_invalid")


def test_places_that_cannot_be_written_are_told_before_anything_is_asked(city: Path, tmp_path: Path) -> None:
    description, nowhere = str(tmp_path / "city.json"), str(tmp_path / "none" / "file")
    assert chaoxin(city, "crosscert", "describe", "--out", description).returncode == 0
    refused(chaoxin(city, "crosscert", "describe", "--out", nowhere), "folder_unwritable", 2)
    refused(chaoxin(city, "crosscert", "graph", "--svg", nowhere), "folder_unwritable", 2)
    county = made(tmp_path / "county", COUNTY, "--county", "饶平县")
    asking = ("crosscert", "ask", "--peer-description", description, "--by", "chen", "--out")
    done = chaoxin(county, *asking, nowhere)
    refused(done, "folder_unwritable", 2)
    assert nowhere in done.stderr
    assert chaoxin(county, *asking, str(tmp_path / "request.json")).returncode == 0  # the first one left no open request
