"""``chaoxin crosscert`` from two nodes' files to each other's certificates, before either of them serves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kernel.errors import ChaoxinError, Misuse
from service.cli import cli
from service.cli.options import explain

CITY = ("445100", "潮州市", "18190")
COUNTY = ("445122", "饶平县", "18191")


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


def made(folder: Path, node: tuple[str, str, str], *more: str) -> Path:
    code, name, port = node
    arguments = ["--code", code, "--name", name, "--url", f"http://localhost:{port}", "--port", port]
    result = CliRunner().invoke(cli, ["init", str(folder), *arguments, "--province", "广东省", "--city", "潮州市", *more])
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


def test_the_whole_way_by_files(city: Path, county: Path, tmp_path: Path) -> None:
    city_file, county_file, cross = (str(tmp_path / name) for name in ("city.json", "county.json", "cross.cer"))
    assert chaoxin(city, "crosscert", "describe", "--out", city_file).returncode == 0
    assert chaoxin(county, "crosscert", "describe", "--out", county_file).returncode == 0
    asked = told(chaoxin(city, "crosscert", "request", "--peer-description", county_file, "--by", "chen", "--json"))
    identifier = asked["identifier"]
    assert (asked["state"], asked["peer"]["code"]) == ("requested", "445122")
    assert asked["constraints"]["permitted_names"] == [{"C": "CN", "ST": "广东省", "L": "潮州市", "O": "饶平县"}]

    early = chaoxin(city, "crosscert", "issue", identifier, "--by", "chen")
    assert (early.returncode, early.stderr.split(":")[0]) == (1, "agreement_state")
    own = chaoxin(city, "crosscert", "approve", identifier, "--by", "chen")
    assert (own.returncode, own.stderr.split(":")[0]) == (1, "approver_unsuitable")
    for admin in ("wang", "li"):
        assert chaoxin(city, "crosscert", "approve", identifier, "--by", admin).returncode == 0
    assert chaoxin(city, "crosscert", "issue", identifier, "--by", "chen", "--out", cross).returncode == 0
    received = chaoxin(county, "crosscert", "receive", cross, "--peer-description", city_file, "--by", "chen")
    assert received.returncode == 0, received.stderr

    listed = told(chaoxin(city, "crosscert", "list", "--json"))
    assert [(peer["code"], peer["relation"]) for peer in listed["peers"]] == [("445122", "agreed")]
    shown = chaoxin(city, "crosscert", "show", identifier)
    assert asked["code"] in shown.stdout
    away = chaoxin(city, "crosscert", "sync", "--json")
    assert (away.returncode, json.loads(away.stdout)) == (1, [{"code": "445122", "error": "peer_unreachable"}])

    look = chaoxin(city, "crosscert", "revoke", identifier, "--by", "li")
    assert "--yes" in look.stdout
    assert told(chaoxin(city, "crosscert", "show", identifier, "--json"))["state"] == "issued"
    assert told(chaoxin(city, "crosscert", "revoke", identifier, "--by", "li", "--yes", "--json"))["state"] == "revoked"


def test_files_that_are_no_descriptions_are_told_in_one_line(city: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_bytes(b"")
    for name, exit_code in (("empty.json", 1), ("missing.json", 2)):
        done = chaoxin(city, "crosscert", "request", "--peer-description", str(tmp_path / name), "--by", "chen")
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (exit_code, 1), done.stderr
        assert done.stderr.startswith("description_invalid")
