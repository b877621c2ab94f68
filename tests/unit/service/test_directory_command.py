"""``chaoxin directory``: what an operator sees of a department's directory that is away, and of a configuration that gives too much."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.people import accounts
from kernel.errors import Misuse, Refusal
from service.cli import cli
from service.config import load_config
from service.health import readiness
from service.jobs import run, synchronise_directories
from service.wiring import Services
from tests.support.ports import free_port
from tests.support.slapd import make_tls
from tests.unit.service.test_config import STAFF


@pytest.fixture(scope="module")
def config(config: Path) -> Path:
    folder = config.parent
    make_tls(folder / "scjg-ca.pem", folder / "scjg-ca.key")
    (folder / "scjg.password").write_text("secret\n", encoding="utf-8")
    away = STAFF.replace('["ldaps://a.example.cn", "ldap://b.example.cn:389"]', f'["ldaps://localhost:{free_port()}"]')
    config.write_text(config.read_text(encoding="utf-8") + away, encoding="utf-8")
    return config


def chaoxin(config: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), *arguments], input=typed)


def printed(result: Result) -> Any:
    return json.loads(result.output)


def test_a_directory_that_is_away_is_named_with_the_step_that_fails(config: Path) -> None:
    tested = chaoxin(config, "directory", "test", "scjg", "--json")
    assert tested.exit_code == 1
    (step,) = printed(tested)
    assert (step["step"].split()[1], step["ok"], step["found"]) == ("tls", False, "directory_unreachable")
    assert chaoxin(config, "directory", "test", "scjg").output.startswith("BAD ldaps://localhost:")


def test_taking_over_a_directory_that_is_away_is_refused_before_anything_is_done(config: Path) -> None:
    for more in ((), ("--yes",)):
        answer = chaoxin(config, "directory", "sync", "scjg", "--by", "Chen", *more)
        assert isinstance(answer.exception, Refusal)
        assert answer.exception.code == "directory_unreachable"


def test_the_workers_failure_is_listed_warned_of_and_keeps_nobody_from_being_ready(config: Path) -> None:
    assert printed(chaoxin(config, "directory", "list", "--json"))[0]["failures"] == 0
    with Services(load_config(config)) as services:
        run(synchronise_directories, services)
        finding = next(each for each in readiness(services) if each.check == "directories")
    assert (finding.ok, finding.warnings[0].startswith("scjg: directory_unreachable")) == (True, True)
    listed = chaoxin(config, "directory", "list", "--json")
    assert listed.exit_code == 1
    assert (printed(listed)[0]["failures"], printed(listed)[0]["heard_at"], printed(listed)[0]["people"]) == (1, None, 0)
    assert "scjg" in chaoxin(config, "directory", "list").output


def test_a_directory_that_is_not_configured_is_refused(config: Path) -> None:
    answer = chaoxin(config, "directory", "test", "nobody")
    assert isinstance(answer.exception, Refusal)
    assert answer.exception.code == "directory_unknown"


@pytest.mark.parametrize("role", ["security_admin", "auditor", "root"])
def test_a_group_that_would_give_more_than_policies_allow_stops_the_start(config: Path, role: str) -> None:
    text = config.read_text(encoding="utf-8")
    greedy = config.with_name("greedy.toml")
    greedy.write_text(f'{text}groups = {{ "cn=chiefs,o=scjg" = ["{role}"] }}\n', encoding="utf-8")
    answer = chaoxin(greedy, "directory", "list")
    assert isinstance(answer.exception, Misuse)
    assert (answer.exception.field, role in answer.exception.text.en) == ("directories.scjg.groups", True)


def test_a_missing_secret_stops_the_start_and_names_its_key(config: Path) -> None:
    lost = config.with_name("lost.toml")
    lost.write_text(config.read_text(encoding="utf-8").replace("scjg.password", "lost.password"), encoding="utf-8")
    answer = chaoxin(lost, "directory", "list")
    assert isinstance(answer.exception, Misuse)
    assert answer.exception.field == "directories.scjg.password_file"


def test_an_authenticator_is_given_once_and_only_when_it_is_wanted(config: Path) -> None:
    typed = "a wholly unlikely pass phrase\n"
    chaoxin(config, "user", "add", "chen", "--kind", "citizen", "--name", "陈", typed=typed)
    assert printed(chaoxin(config, "user", "enroll", "chen", "--json"))["changed"] is False
    data = printed(chaoxin(config, "user", "enroll", "chen", "--yes", "--json"))
    assert data["totp_secret"] in data["totp_uri"]
    again = chaoxin(config, "user", "enroll", "chen", "--yes")
    assert isinstance(again.exception, Refusal)
    assert again.exception.code == "authenticator_exists"
    with Services(load_config(config)) as services, services.idp.work.read() as work:
        account = accounts.get_by_username(services.idp, "chen")
        assert [one.kind for one in work.records.authenticators(account.id)] == ["password", "totp"]
