"""``chaoxin crosscert graph|plan|breaks|explain|publish`` on a node that was made by ``init``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding

from crosscert import agreements, node_description
from crosscert.constraints import everything
from kernel.clock import SystemClock
from kernel.errors import Misuse, Refusal
from service.cli import cli
from service.config import load_config
from service.wiring import Services
from tests.support.pki import CITY
from tests.support.three_nodes import Member, Web, member
from tests.unit.crosscert.forge import signer


@dataclass
class Pair:
    """A county on disk and the city that it may certify."""

    config: Path
    city: Member
    description: Path

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(self.config), "crosscert", *arguments])

    def told(self, *arguments: str, exit_code: int = 0) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == exit_code, result.output or result.exception
        return json.loads(result.output)


@pytest.fixture(scope="module")
def pair(config: Path) -> Iterator[Pair]:
    folder = config.parents[1]
    with member(folder / "city", SystemClock(), CITY, Web()) as city:  # type: ignore[arg-type]  # any clock will do
        (folder / "city.json").write_bytes(node_description.describe(city.deps)[0])
        yield Pair(config, city, folder / "city.json")


def test_the_graph_of_a_lonely_node_is_itself(pair: Pair, tmp_path: Path) -> None:
    found = pair.told("graph", "--svg", str(tmp_path / "graph.svg"))
    assert [(each["code"], each["relation"]) for each in found["nodes"]] == [("445122", "own")]
    assert "饶平县" in (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert "445122 饶平县  own  [basic, substantial, high]  ok" in pair.run("graph").output


def test_a_plan_is_told_before_anything_is_agreed_and_changes_nothing(pair: Pair) -> None:
    found = pair.told("plan", "--peer-description", str(pair.description))
    assert found["changes"][0]["node"] == {"code": "445100", "name": "潮州市"}
    assert found["changes"][0]["levels_gained"] == ["basic", "substantial", "high"]
    assert len(found["digest"]) == 64
    text = pair.run("plan", "--peer-description", str(pair.description)).output
    assert found["digest"] in text
    assert pair.told("list") == {"peers": [], "agreements": []}
    assert isinstance(pair.run("plan", "ffff").exception, Refusal)


def test_a_node_or_certificate_that_is_not_trusted_is_answered_with_no(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "seal.pem").write_bytes(pair.city.seal().public_bytes(Encoding.PEM))
    found = pair.told("explain", str(tmp_path / "seal.pem"), exit_code=1)
    assert (found["trusted"], found["reason"]["code"]) == (False, "issuer_not_found")
    own = pair.told("explain", "445122")
    assert (own["trusted"], own["way"]) == (True, [])
    assert "可信 trusted" in pair.run("explain", "445122").output
    assert isinstance(pair.run("explain", "445100").exception, Refusal)
    assert pair.run("explain", str(tmp_path / "missing.pem")).exit_code == 2
    with Services(load_config(pair.config)) as services, services.crosscert.work.read() as work:
        assert work.records.peers() == []


def test_names_in_certificates_do_not_write_to_the_terminal(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "leaf.cer").write_bytes(signer("sub").leaf("red\x1b[31m", "seal\u202e").der)
    result = pair.run("explain", str(tmp_path / "leaf.cer"))
    assert result.exit_code == 1
    assert "O=red\\u001b[31m" in result.output
    assert "seal\\u202e" in result.output
    assert "\x1b" not in result.output


def test_an_agreements_plan_and_what_breaks_without_it(pair: Pair) -> None:
    with Services(load_config(pair.config)) as services:
        deps = services.crosscert
        introduced = node_description.introduce(node_description.describe(deps)[0], services.clock.now())
        wish = everything(pair.city.deps.policies, CITY, deps.node)
        _, request = agreements.ask(pair.city.deps, introduced, wish, requester="account:chen")
        agreement = agreements.take(deps, request, requester="account:chen")
        agreements.confirm(deps, agreement.identifier, agreement.code, actor="account:chen")
        planned = pair.told("plan", agreement.identifier)
        for admin in ("account:wang", "account:li"):
            agreements.approve(deps, agreement.identifier, approver=admin, plan_sha256=planned["digest"])
        serial = agreements.issue(deps, agreement.identifier, actor="account:chen").serial
    assert planned["edge"]["subject"] == "CN=潮州市根CA,L=潮州市,ST=广东省,C=CN"
    assert serial is not None
    broken = pair.told("breaks", serial)
    assert broken["changes"][0]["levels_lost"] == planned["changes"][0]["levels_gained"]
    assert "不再有效 breaks" in pair.run("breaks", serial).output
    graph = pair.run("graph").output
    assert serial in graph
    assert "revocation_unknown" in graph
    assert isinstance(pair.run("breaks", "ffff").exception, Refusal)


def test_publishing_needs_a_directory_asks_first_and_says_what_failed(pair: Pair, tmp_path: Path) -> None:
    assert isinstance(pair.run("publish", "--by", "chen").exception, Misuse)
    text = pair.config.read_text(encoding="utf-8")
    (pair.config.parent / "directory-password").write_text("secret\n", encoding="utf-8")
    table = 'url = "ldaps://localhost:1"\nbase_dn = "ou=pki"\nbind_dn = "cn=x"\npassword_file = "directory-password"\nca_file = "none.pem"\n'
    pair.config.write_text(f"{text}\n[directory]\n{table}", encoding="utf-8")
    try:
        preview = pair.told("publish", "--by", "chen")
        assert (preview["changed"], len(preview["concerns"]["certificates"])) == (False, 2)
        failed = pair.told("publish", "--by", "chen", "--yes", exit_code=1)
        assert [(each["current"], each["failures"]) for each in failed] == [(False, 1), (False, 1)]
        assert all(each["error"].startswith("directory_unreachable") for each in failed)
        assert "secret" not in pair.run("publish", "--by", "chen").output
    finally:
        pair.config.write_text(text, encoding="utf-8")
    (tmp_path / "chaoxin.toml").write_text(f"{text}\n[directory]\n{table.replace('ldaps', 'ldap')}", encoding="utf-8")
    with pytest.raises(Misuse) as refused:
        load_config(tmp_path / "chaoxin.toml")
    assert refused.value.field == "directory.url"
