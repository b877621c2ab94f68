"""``chaoxin client``: what changes something only says what it would do, without ``--yes``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from idp.clients import registry
from kernel.errors import Misuse, Refusal
from service.cli import cli
from service.config import load_config
from service.wiring import Services
from tests.support.registering import metadata, send

MARKET = "114451008W15P11PMR"
OUT = "https://scjg.example.cn/out"


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "client", *arguments])


def printed(config: Path, *arguments: str) -> Any:
    result = run(config, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(config: Path, *arguments: str) -> Refusal:
    refusal = run(config, *arguments).exception
    assert isinstance(refusal, Refusal), refusal
    return refusal


def add(config: Path, client_id: str, *more: str) -> Any:
    where = ("--redirect-uri", "https://scjg.example.cn/cb")
    return printed(config, "add", client_id, "--name", "市场监管局", "--department", MARKET, *where, *more)


def test_everything_that_is_registered_is_shown(config: Path) -> None:
    options = {
        "--backchannel-logout-uri": OUT,
        "--address": "10.1.0.0/16",
        "--policy-uri": "https://scjg.example.cn/policy",
        "--tos-uri": "https://scjg.example.cn/tos",
        "--logo-uri": "https://scjg.example.cn/logo",
        "--contact": "it@example.cn",
        "--subject-type": "pairwise",
        "--jwks-uri": "https://scjg.example.cn/jwks",
    }
    secret = add(config, "all", *(part for pair in options.items() for part in pair))["client_secret"]
    shown = printed(config, "show", "all")
    assert (shown["stage"], shown["addresses"], shown["subject_type"]) == ("test", ["10.1.0.0/16"], "pairwise")
    assert (shown["backchannel_logout_uri"], shown["contacts"]) == (OUT, ["it@example.cn"])
    assert [each["last_used_at"] for each in shown["secrets"]] == [None]
    assert (shown["warnings"], shown["missing_for_production"], shown["registered_itself"]) == ([], [], False)
    text = run(config, "show", "all").output
    assert "https://scjg.example.cn/policy" in text
    digest = registry.hash_secret(secret).hex()
    for output in (json.dumps(shown), text, run(config, "list", "--json").output):
        assert secret not in output
        assert digest not in output
    assert refused(config, "show", "nobody").code == "client_unknown"
    with Services(load_config(config)) as services, services.idp.work.begin() as work:
        work.records.put_stream_status("all", "paused", "维护")
    assert printed(config, "show", "all")["event_stream"] == {"status": "paused", "reason": "维护", "events_requested": None}


def test_a_change_is_previewed_then_made_and_an_empty_text_takes_away(config: Path) -> None:
    add(config, "changing", "--task", "年报", "--policy-uri", "https://scjg.example.cn/p")
    change = ("update", "changing", "--name", "新名称", "--policy-uri", "", "--task", "")
    preview = printed(config, *change)
    assert (preview["changed"], "name, task, policy_uri" in preview["action"]["en"]) == (False, True)
    assert printed(config, "show", "changing")["name"] == "市场监管局"
    changed = printed(config, *change, "--yes")
    assert (changed["name"], changed["policy_uri"], changed["task"], changed["client_secret"]) == ("新名称", None, None, None)
    assert printed(config, "show", "changing")["policy_uri"] is None
    assert refused(config, "update", "changing", "--address", "nowhere").field == "addresses"
    assert printed(config, "update", "changing", "--method", "client_secret_post", "--yes")["client_secret"] is None


def test_a_warning_must_be_overridden_by_name(config: Path) -> None:
    add(config, "warned", "--backchannel-logout-uri", OUT)
    waive = ("update", "warned", "--dangerously-waive-pkce")
    assert [each["code"] for each in printed(config, *waive)["warnings"]] == ["client_without_pkce"]
    assert refused(config, *waive, "--yes").code == "warning_stands"
    assert printed(config, *waive, "--yes", "--override", "client_without_pkce")["require_pkce"] is False
    assert "!pkce" in run(config, "list").output
    assert refused(config, "promote", "warned", "--yes").code == "warning_stands"
    pairwise = ("update", "warned", "--subject-type", "pairwise")
    assert [each["code"] for each in printed(config, *pairwise)["warnings"]] == ["client_subjects_change"]
    assert refused(config, *pairwise, "--yes").code == "warning_stands"


def test_g1_promoting_names_what_is_missing(config: Path) -> None:
    add(config, "young")
    assert printed(config, "show", "young")["missing_for_production"] == ["backchannel_logout_uri"]
    refusal = refused(config, "promote", "young", "--yes")
    assert (refusal.code, refusal.details["missing"]) == ("client_not_ready", "backchannel_logout_uri")
    printed(config, "update", "young", "--backchannel-logout-uri", OUT, "--yes")
    assert printed(config, "promote", "young")["changed"] is False
    assert printed(config, "show", "young")["stage"] == "test"
    assert printed(config, "promote", "young", "--yes")["stage"] == "production"


def test_secrets_are_changed_over(config: Path) -> None:
    old = add(config, "rotating")["client_secret"]
    assert printed(config, "secret", "add", "rotating")["changed"] is False
    new = printed(config, "secret", "add", "rotating", "--yes")["client_secret"]
    assert new != old
    assert len(printed(config, "show", "rotating")["secrets"]) == 2
    assert refused(config, "secret", "add", "rotating", "--yes").code == "client_secrets"
    assert printed(config, "secret", "drop", "rotating")["changed"] is False
    assert printed(config, "secret", "drop", "rotating", "--yes")["dropped"] == "older"
    with Services(load_config(config)) as services:
        assert [one.hash for one in registry.get(services.idp, "rotating").secrets] == [registry.hash_secret(new)]
    assert refused(config, "secret", "drop", "rotating", "--newer", "--yes").code == "client_secrets"


def test_an_invitation_is_printed_once_and_lets_a_system_register_itself(config: Path) -> None:
    invite = ("invite", "--department", MARKET, "--uses", "2")
    assert printed(config, *invite)["changed"] is False
    told = printed(config, *invite, "--yes")
    assert told["registration_endpoint"] == "http://localhost:9122/oauth/register"
    with Services(load_config(config)) as services:
        registered = json.loads(send(services.idp, "POST", told["initial_access_token"], metadata()).body)
    shown = printed(config, "show", registered["client_id"])
    assert (shown["registered_itself"], shown["department"], shown["stage"]) == (True, MARKET, "test")
    (left,) = printed(config, "invitations")
    assert (left["department"], left["uses_left"]) == (MARKET, 1)
    assert told["initial_access_token"] not in str(left)
    assert left["name"] in run(config, "invitations").output
    assert printed(config, "withdraw", left["name"])["changed"] is False
    assert printed(config, "withdraw", left["name"], "--yes")["withdrawn"] is True
    assert printed(config, "invitations") == []
    assert refused(config, "withdraw", left["name"], "--yes").code == "invitation_unknown"
    assert refused(config, "invite", "--department", MARKET, "--uses", "1000", "--yes").field == "uses"
    assert refused(config, "invite", "--department", "x", "--yes").field == "department"


def test_a_file_of_keys_that_is_none_is_the_operators_fault(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text("[]", encoding="utf-8")
    add(config, "keys")
    assert isinstance(run(config, "update", "keys", "--jwks", str(file)).exception, Misuse)


def test_whoever_vets_a_system_reads_every_name_that_people_may_read(config: Path) -> None:
    add(config, "posing", "--backchannel-logout-uri", OUT)
    with Services(load_config(config)) as services:
        named = replace(registry.get(services.idp, "posing"), names={"zh-CN": "潮州市公安局", "en": "Police"})
        registry.update(services.idp, named, actor="operator:cli")
    for command in (("list",), ("promote", "posing"), ("promote", "posing", "--yes")):
        told = run(config, *command).output
        assert "市场监管局  [en] Police  [zh-CN] 潮州市公安局" in told
