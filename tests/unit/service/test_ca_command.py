"""``chaoxin ca``: look at the CAs, publish a list, revoke."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.errors import Refusal
from pki import authority
from service.cli import cli
from service.config import load_config
from service.wiring import Services


def chaoxin(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "ca", *arguments])


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_show_tells_both_cas_and_their_lists(config: Path) -> None:
    found = printed(chaoxin(config, "show", "--json"))
    assert {name: part["certificate"]["subject"].partition(",")[0] for name, part in found.items()} == {
        "principal": "CN=饶平县根CA",
        "issuing": "CN=饶平县签发CA",
    }
    assert {part["crl"]["ca"] for part in found.values()} == {"principal", "issuing"}
    text = chaoxin(config, "show").output
    assert found["principal"]["certificate"]["sha256"] in text


def test_issue_crl_publishes_the_next_number(config: Path) -> None:
    before = printed(chaoxin(config, "show", "--json"))["issuing"]["crl"]["number"]
    assert printed(chaoxin(config, "issue-crl", "issuing", "--json"))["number"] == before + 1
    assert f"CRL issuing {before + 2}:" in chaoxin(config, "issue-crl", "issuing").output


def test_revoke_is_the_one_of_certificates(config: Path) -> None:
    with Services(load_config(config)) as services:
        subject = (*services.node.names, ("CN", "张三"))
        public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
        serial = authority.issue(services.pki, "tls_client", subject, public_key).serial
    command = ("revoke", serial, "--reason", "superseded", "--json")
    entries = printed(chaoxin(config, "show", "--json"))["issuing"]["crl"]["entries"]
    assert printed(chaoxin(config, *command))["changed"] is False  # nobody said yes
    assert printed(chaoxin(config, "show", "--json"))["issuing"]["crl"]["entries"] == entries
    revoked = printed(chaoxin(config, *command, "--yes"))
    assert (revoked["serial"], revoked["reason"]) == (serial, "superseded")
    assert revoked["revoked_at"] is not None
    assert printed(chaoxin(config, "show", "--json"))["issuing"]["crl"]["entries"] == entries + 1
    again = chaoxin(config, *command, "--yes")
    assert isinstance(again.exception, Refusal)
    assert again.exception.code == "certificate_revoked_already"


def test_a_ca_in_service_is_not_even_shown_as_if_it_could_be_revoked(config: Path) -> None:
    for ca in printed(chaoxin(config, "show", "--json")).values():
        error = chaoxin(config, "revoke", ca["certificate"]["serial"], "--reason", "ca_compromise").exception
        assert isinstance(error, Refusal)
        assert error.code == "certificate_in_service"


@pytest.mark.parametrize(
    "arguments", [("revoke", "77", "--reason", "nonsense"), ("revoke", "77", "--reason", "superseded", "--at", "yesterday")]
)
def test_a_command_that_cannot_be_meant_is_a_misuse(config: Path, arguments: tuple[str, ...]) -> None:
    assert chaoxin(config, *arguments, "--yes").exit_code == 2


def test_a_rollover_is_shown_first_asked_for_by_one_and_done_by_the_second_approval(config: Path) -> None:
    before = printed(chaoxin(config, "show", "--json"))
    command = ("rollover", "issuing", "--json", "--by")
    preview = printed(chaoxin(config, *command, "wang"))
    assert preview["changed"] is False
    assert preview["concerns"]["certificates"] == [
        " ".join(before["issuing"]["certificate"][key] for key in ("serial", "subject"))
    ]
    withdraw = ("rollover", "issuing", "--withdraw", "--json", "--by", "li")
    assert isinstance(chaoxin(config, *withdraw, "--yes").exception, Refusal)
    printed(chaoxin(config, *command, "zhao", "--yes"))
    assert printed(chaoxin(config, *withdraw))["changed"] is False
    assert printed(chaoxin(config, *withdraw, "--yes"))["requested_by"] == "operator:zhao"
    asked = printed(chaoxin(config, *command, "wang", "--yes"))
    assert (asked["ca"], asked["requested_by"], asked["done_at"]) == ("issuing-2", "operator:wang", None)
    approve = ("rollover", "issuing", "--approve", "issuing-2", "--yes", "--json", "--by")
    assert isinstance(chaoxin(config, *approve, "wang").exception, Refusal)
    # Or it would be shown whom another CA's new key concerns.
    assert chaoxin(config, "rollover", "principal", "--approve", "issuing-2", "--by", "li", "--yes").exit_code == 2
    assert printed(chaoxin(config, *approve, "li"))["done_at"] is None
    done = printed(chaoxin(config, *approve, "chen"))
    assert done["approvals"] == ["operator:li", "operator:chen"]
    assert done["done_at"] is not None
    after = printed(chaoxin(config, "show", "--json"))
    assert list(after) == ["principal", "issuing-2", "issuing"]
    assert after["issuing"]["certificate"] == before["issuing"]["certificate"]
    old = before["issuing"]["certificate"]["serial"]
    revoke = ("revoke", old, "--reason", "superseded", "--yes", "--json", "--override", "service_certificate")
    assert printed(chaoxin(config, *revoke))["serial"] == old
