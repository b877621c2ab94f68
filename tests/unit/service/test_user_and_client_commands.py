"""``chaoxin user``, ``session`` and ``chaoxin client``: secrets come by standard input and are printed once."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyotp
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec

from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.clients import registry
from idp.people import accounts
from kernel.errors import Misuse, Refusal
from pki import jose
from service.cli import cli
from service.config import load_config
from service.wiring import Services

PASSWORD = "a wholly unlikely pass phrase"
RESIDENT_ID = "445122197511034512"
PEOPLE = "row,name,resident_id\n1,陈晓潮,445102198806123626\n2,林,445102198806123627\n"


def chaoxin(config: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), *arguments], input=typed)


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_citizen_is_created_from_standard_input(config: Path) -> None:
    typed = f"{PASSWORD}\n{RESIDENT_ID}\n"
    arguments = ("user", "add", "linji", "--kind", "citizen", "--name", "林𠮷", "--resident-id", "--json")
    data = printed(chaoxin(config, *arguments, typed=typed))
    assert (data["username"], data["totp_secret"], data["totp_uri"]) == ("linji", None, None)
    with Services(load_config(config)) as services:
        account = accounts.get_by_username(services.idp, "linji")
        assert (account.id, account.resident_id, account.name) == (data["account"], RESIDENT_ID, "林𠮷")
        with services.idp.work.read() as work:
            assert [one.kind for one in work.records.authenticators(account.id)] == ["password"]


def test_staff_get_an_authenticator_and_its_secret_is_printed_once(config: Path) -> None:
    arguments = ("user", "add", "clerk", "--kind", "staff", "--name", "林文书", "--role", "clerk")
    data = printed(chaoxin(config, *arguments, "--json", typed=f"{PASSWORD}\n"))
    assert pyotp.parse_uri(data["totp_uri"]).secret == data["totp_secret"]
    listed = chaoxin(config, "user", "list", "--json")
    assert data["totp_secret"] not in listed.output
    assert next(one for one in printed(listed) if one["username"] == "clerk")["roles"] == ["clerk"]
    assert "林文书" not in listed.output


def test_a_level_is_written_down_with_the_method_that_reached_it(config: Path) -> None:
    arguments = ("user", "add", "window", "--kind", "citizen", "--name", "某", "--real-name-level", "5")
    refused = chaoxin(config, *arguments, typed=f"{PASSWORD}\n").exception
    assert isinstance(refused, Refusal)
    assert refused.field == "proofed_by", "two methods reach this level"
    printed(chaoxin(config, *arguments, "--proofed-by", "counter", "--json", typed=f"{PASSWORD}\n"))
    with Services(load_config(config)) as services, services.idp.work.read() as work:
        account = work.records.find_username("window")
        assert account is not None
        (evidence,) = work.records.verifications(account.id)
    assert (evidence.level, evidence.method, evidence.actor) == (5, "counter", "operator:cli")


def test_an_account_is_disabled_and_enabled(config: Path) -> None:
    chaoxin(config, "user", "add", "huangyao", "--kind", "citizen", "--name", "黄垚", typed=f"{PASSWORD}\n")
    why = ("--reason", "本人申请", "--by", "chen")
    assert printed(chaoxin(config, "user", "disable", "huangyao", *why, "--json"))["changed"] is False
    assert "enabled   citizen         huangyao" in chaoxin(config, "user", "list").output
    assert printed(chaoxin(config, "user", "disable", "huangyao", *why, "--yes", "--json"))["changed"] is True
    assert "disabled  citizen         huangyao" in chaoxin(config, "user", "list").output
    assert isinstance(chaoxin(config, "user", "disable", "huangyao", *why, "--yes").exception, Refusal)
    assert chaoxin(config, "user", "enable", "huangyao", *why, "--yes").exit_code == 0
    assert "enabled   citizen         huangyao" in chaoxin(config, "user", "list", "--kind", "citizen").output
    assert isinstance(chaoxin(config, "user", "disable", "nobody", *why).exception, Refusal)


def test_a_role_is_asked_for_by_one_and_approved_by_another(config: Path) -> None:
    chaoxin(config, "user", "add", "auditor", "--kind", "staff", "--name", "某", typed=f"{PASSWORD}\n")
    give = ("user", "role", "give", "auditor", "auditor", "--reason", "年度审计", "--by", "chen", "--yes", "--json")
    waiting = printed(chaoxin(config, *give))["proposal"]
    assert waiting in chaoxin(config, "user", "approvals", "list").output
    refused = chaoxin(config, "user", "approvals", "approve", waiting, "--by", "Chen", "--yes").exception
    assert isinstance(refused, Refusal)
    assert printed(chaoxin(config, "user", "approvals", "approve", waiting, "--by", "lin", "--json"))["changed"] is False
    decided = printed(chaoxin(config, "user", "approvals", "approve", waiting, "--by", "lin", "--yes", "--json"))
    assert (decided["state"], decided["decided_by"]) == ("approved", "operator:lin")
    holders = {one["role"]: one["accounts"] for one in printed(chaoxin(config, "user", "role", "list", "--json"))}
    assert "auditor" in holders["auditor"]


def test_a_lost_second_factor_is_replaced_by_two_and_its_secret_is_shown_once(config: Path) -> None:
    before = printed(chaoxin(config, "user", "add", "lost", "--kind", "staff", "--name", "某", "--json", typed=f"{PASSWORD}\n"))
    ask = ("user", "recover", "lost", "--lost", "factor", "--reason", "手机遗失", "--by", "chen", "--json")
    assert printed(chaoxin(config, *ask))["changed"] is False
    waiting = printed(chaoxin(config, *ask, "--yes"))["proposal"]
    decided = printed(chaoxin(config, "user", "approvals", "approve", waiting, "--by", "lin", "--yes", "--json"))
    assert decided["totp_secret"] not in {None, before["totp_secret"]}
    assert decided["totp_secret"] in decided["totp_uri"]
    assert decided["totp_secret"] not in chaoxin(config, "user", "approvals", "list", "--all", "--json").output


def test_new_keys_are_made_and_everybody_is_found_afterwards(config: Path) -> None:
    chaoxin(config, "user", "add", "kept", "--kind", "citizen", "--name", "某", "--phone", "13800000007", typed=f"{PASSWORD}\n")
    rotate = ("keys", "rotate-data", "--by", "chen", "--json")
    assert printed(chaoxin(config, *rotate))["changed"] is False
    before = printed(chaoxin(config, "keys", "data", "--json"))
    assert chaoxin(config, *rotate, "--yes").exit_code == 0
    after = printed(chaoxin(config, "keys", "data", "--json"))
    assert (after["current"], after["index"]["current"]) == (before["current"] + 1, before["index"]["current"] + 1)
    assert not any({**after["waiting"], **after["index"]["waiting"]}.values())
    found = printed(
        chaoxin(config, "user", "find", "phone", "--purpose", "complaint", "--by", "chen", "--json", typed="13800000007\n")
    )
    assert [one["username"] for one in found] == ["kept"]


def test_a_person_is_shown_masked_for_a_purpose(config: Path) -> None:
    chaoxin(
        config, "user", "add", "shown", "--kind", "citizen", "--name", "陈某某", "--phone", "13800000009", typed=f"{PASSWORD}\n"
    )
    what_for = ("--purpose", "complaint", "--by", "chen", "--json")
    data = printed(chaoxin(config, "user", "show", "shown", *what_for))
    assert (data["name"], data["phone"], data["state"]) == ("陈**", "138******09", "enabled")
    (found,) = printed(chaoxin(config, "user", "find", "phone", *what_for, typed="13800000009\n"))
    assert found["username"] == "shown"
    assert chaoxin(config, "user", "find", "phone", *what_for, typed="13800000008\n").exit_code == 1
    refused = chaoxin(config, "user", "show", "shown", "--purpose", "curiosity", "--by", "chen").exception
    assert isinstance(refused, Refusal)
    assert "13800000009" not in chaoxin(config, "audit", "list", "--json").output


def test_a_weak_password_is_refused_without_being_shown(config: Path) -> None:
    result = chaoxin(config, "user", "add", "weak", "--kind", "citizen", "--name", "某", typed="hunter2\n")
    assert isinstance(result.exception, Refusal)
    assert (result.exception.code, "hunter2" in str(result.exception)) == ("password_unsuitable", False)
    assert "weak" not in chaoxin(config, "user", "list").output


def test_a_client_is_registered_and_its_secret_printed_once(config: Path) -> None:
    arguments = ("client", "add", "scjg", "--name", "市场监管局", "--department", "114451008W15P11PMR")
    where = ("--redirect-uri", "https://scjg.example.cn/cb", "--scope", "openid profile", "--json")
    data = printed(chaoxin(config, *arguments, *where))
    listed = chaoxin(config, "client", "list", "--json")
    assert data["client_secret"] not in listed.output
    (shown,) = [one for one in printed(listed) if one["client_id"] == "scjg"]
    assert (shown["scope"], shown["require_pkce"], shown["state"]) == ("openid profile", True, "enabled")
    with Services(load_config(config)) as services:
        assert [one.hash for one in registry.get(services.idp, "scjg").secrets] == [registry.hash_secret(data["client_secret"])]
    assert "scjg" in chaoxin(config, "client", "list").output


def test_a_signing_client_is_registered_by_its_public_keys(config: Path, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    file = tmp_path / "jwks.json"
    arguments = ("client", "add", "batch", "--name", "数据交换", "--department", "114451008W15P11PMR", "--grant-type")
    rest = ("client_credentials", "--method", "private_key_jwt", "--jwks", str(file))
    for content in ("not JSON", "[]"):
        file.write_text(content, encoding="utf-8")
        assert isinstance(chaoxin(config, *arguments, *rest).exception, Misuse)
    file.write_text(json.dumps({"keys": [jose.public_jwk(key, "k1", "ES256")]}), encoding="utf-8")
    assert "(no secret)" in chaoxin(config, *arguments, *rest).output


def test_a_sensitive_systems_client_is_held_to_its_profile(config: Path, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jose.public_jwk(key, "k1", "ES256")]}), encoding="utf-8")
    arguments = ("client", "add", "sensitive", "--name", "数据交换", "--department", "114451008W15P11PMR", "--jwks", str(file))
    rest = ("--redirect-uri", "https://s.example.cn/cb", "--method", "private_key_jwt", "--security-profile", "fapi2", "--json")
    refused = chaoxin(config, *arguments, *rest, "--require-par").exception
    assert isinstance(refused, Refusal)
    assert refused.field == "dpop_bound_access_tokens"
    data = printed(chaoxin(config, *arguments, *rest, "--require-par", "--dpop"))
    assert (data["security_profile"], data["dpop_bound_access_tokens"]) == ("fapi2", True)


def test_a_wrong_address_is_refused(config: Path) -> None:
    arguments = ("client", "add", "bad", "--name", "某", "--department", "114451008W15P11PMR", "--redirect-uri", "http://x/cb")
    result = chaoxin(config, *arguments)
    assert isinstance(result.exception, Refusal)
    assert result.exception.field == "redirect_uris"


def test_a_client_is_disabled_once(config: Path) -> None:
    arguments = ("client", "add", "old", "--name", "旧系统", "--department", "114451008W15P11PMR")
    chaoxin(config, *arguments, "--redirect-uri", "https://old.example.cn/cb")
    assert chaoxin(config, "client", "disable", "old").output == "old: disabled\n"
    (shown,) = [one for one in printed(chaoxin(config, "client", "list", "--json")) if one["client_id"] == "old"]
    assert shown["state"] == "disabled"
    assert isinstance(chaoxin(config, "client", "disable", "old").exception, Refusal)


# Sessions.


def test_an_operator_sees_where_somebody_is_logged_in_and_ends_it_there_or_everywhere(config: Path) -> None:
    printed(chaoxin(config, "user", "add", "visitor", "--kind", "citizen", "--name", "访客", "--json", typed=f"{PASSWORD}\n"))
    with Services(load_config(config)) as services, services.idp.work.begin() as work:
        account = accounts.get_by_username(services.idp, "visitor")
        ids = [
            sessions.start(work, services.idp, account.id, ("pwd",), Device(f"192.0.2.{number}", "Firefox/1")).session.id
            for number in range(3)
        ]
    listed = printed(chaoxin(config, "session", "list", "visitor", "--json"))
    assert {one["session"] for one in listed} == set(ids)
    assert {one["address"] for one in listed} == {"192.0.2.0", "192.0.2.1", "192.0.2.2"}
    assert listed[0]["device"] == "Firefox"
    # Without --yes nothing changes, and who is concerned is shown.
    end_one = ("session", "end", "visitor", "--session", ids[0], "--by", "Lin", "--json")
    preview = printed(chaoxin(config, *end_one))
    assert (preview["changed"], len(preview["concerns"]["people"])) == (False, 1)
    assert ids[0] in preview["concerns"]["people"][0]
    assert len(printed(chaoxin(config, "session", "list", "visitor", "--json"))) == 3
    assert printed(chaoxin(config, *end_one, "--yes")) == {"changed": True, "ended": 1}
    refused = chaoxin(config, *end_one, "--yes").exception
    assert isinstance(refused, Refusal)
    assert refused.code == "session_unknown"
    assert printed(chaoxin(config, "session", "end", "visitor", "--by", "Lin", "--yes", "--json"))["ended"] == 2
    assert printed(chaoxin(config, "session", "list", "visitor", "--json")) == []


def test_people_are_imported_from_a_file_with_a_report(config: Path, tmp_path: Path) -> None:
    file, report = tmp_path / "people.csv", tmp_path / "report.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    looked = chaoxin(config, "user", "import", str(file), "--json")
    data = json.loads(looked.stdout)
    assert (looked.exit_code, data["changed"], data["acceptable"], data["refused"]) == (1, False, 1, 1)
    done = chaoxin(config, "user", "import", str(file), "--report", str(report), "--yes", "--json")
    data = json.loads(done.stdout)
    assert (data["imported"], data["rows"][0]["field"], data["rows"][0]["row"]) == (1, "resident_id", "2")
    told = list(csv.DictReader(report.read_text(encoding="utf-8").splitlines()))
    assert [(one["row"], one["outcome"], one["code"]) for one in told] == [
        ("1", "imported", ""),
        ("2", "refused", "account_unsuitable"),
    ]
    assert "陈晓潮" not in report.read_text(encoding="utf-8")
    again = chaoxin(config, "user", "import", str(file), "--yes")
    assert "已有 1，拒绝 1" in again.stdout


def test_a_file_that_cannot_be_read_is_a_wrong_command(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,roles\n陈,security_admin\n", encoding="utf-8")
    result = chaoxin(config, "user", "import", str(file), "--yes")
    assert isinstance(result.exception, Misuse)
    assert result.exception.code == "csv_column_unknown"
