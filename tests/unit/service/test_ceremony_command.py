"""``chaoxin ca ceremony``: shown first, carried out on the record, verified by anybody, without a node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kernel.errors import Misuse, Refusal
from service.cli import cli

NEW = ("--code", "445122", "--name", "饶平县", "--url", "http://localhost:9122", "--port", "9122")
PLACE = ("--province", "广东省", "--city", "潮州市", "--county", "饶平县")
PLAN = """
title = "根CA密钥仪式"
purpose = "initialise"
place = "饶平县机房"
operator = "陈一"
witnesses = ["王五", "李四"]
algorithms = { principal_ca = "P-384", issuing_ca = "P-256" }
steps = [
  { act = "manual", text = "核对身份证件" },
  { act = "environment" },
  { act = "principal" },
  { act = "issuing" },
  { act = "services" },
  { act = "lists" },
]
"""


@pytest.fixture
def node(tmp_path: Path) -> Path:
    made = CliRunner().invoke(cli, ["init", str(tmp_path / "node"), *NEW, *PLACE, "--no-ca"])
    assert made.exit_code == 0, made.output
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    return tmp_path


def chaoxin(node: Path, *arguments: str, typed: str = "") -> Result:
    command = ["--config", str(node / "node" / "chaoxin.toml"), "ca", *arguments]
    return CliRunner().invoke(cli, command, input=typed)


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_new_nodes_cas_come_of_a_ceremony(node: Path) -> None:
    plan, record = str(node / "plan.toml"), str(node / "record.jsonl")
    assert isinstance(chaoxin(node, "show").exception, Misuse)  # there is no CA yet
    run = ("ceremony", "run", plan, record, "--rehearsal", "--json")
    preview = printed(chaoxin(node, *run))
    assert preview["changed"] is False
    assert preview["concerns"]["people"] == ["陈一", "王五", "李四"]
    assert not Path(record).exists()
    done = printed(chaoxin(node, *run, "--yes"))
    shown = printed(chaoxin(node, "show", "--json"))
    assert done["certificate_sha256"] == shown["principal"]["certificate"]["sha256"]
    alone = CliRunner().invoke(cli, ["ca", "ceremony", "verify", record, "--json"])
    assert json.loads(alone.stdout) == done
    assert done["typed"] is False
    assert "rehearsal" in CliRunner().invoke(cli, ["ca", "ceremony", "verify", record]).output
    Path(record).write_bytes(Path(record).read_bytes().replace("机房".encode(), "别处".encode()))
    assert isinstance(CliRunner().invoke(cli, ["ca", "ceremony", "verify", record]).exception, Refusal)


def test_a_witness_is_told_how_to_compute_the_hash_and_asked_for_it(node: Path) -> None:
    plan, record = str(node / "plan.toml"), str(node / "record.jsonl")
    asked = chaoxin(node, "ceremony", "run", plan, record, "--yes", typed="0000\n")
    assert isinstance(asked.exception, Refusal)
    assert "sha256sum" in asked.stderr
    assert "王五" in asked.stderr


def test_a_record_that_cannot_be_written_is_told(node: Path) -> None:
    run = ("ceremony", "run", str(node / "plan.toml"), str(node / "none" / "record.jsonl"), "--rehearsal", "--yes")
    error = chaoxin(node, *run).exception
    assert isinstance(error, Misuse)
    assert error.code == "folder_unwritable"


@pytest.mark.parametrize("content", [None, "title = ", "title = 'x'"])
def test_a_plan_that_is_none_is_told(node: Path, content: str | None) -> None:
    plan = node / "other.toml"
    if content is not None:
        plan.write_text(content)
    done = chaoxin(node, "ceremony", "run", str(plan), str(node / "record.jsonl"))
    assert isinstance(done.exception, Misuse | Refusal)
    assert "ceremony_invalid" in str(done.exception)
