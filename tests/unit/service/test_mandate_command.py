"""``chaoxin user mandate``: shown first, given and revoked with ``--yes``, both on the audit trail under a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.people import accounts
from service.cli import cli
from service.config import load_config
from service.wiring import Services
from tests.support.idp import MARKET, PASSWORD

GIVE = ("add", "company", "agent", "--department", MARKET, "--power", "profile", "--until", "2100-01-01T00:00:00Z", "--by", "Lin")


@pytest.fixture(scope="module")
def config(config: Path) -> Path:
    with Services(load_config(config)) as services:
        for username, kind, more in (("company", "enterprise", {"uscc": "91445100MA4WR7QA0W"}), ("agent", "citizen", {})):
            new = accounts.NewAccount(username=username, kind=kind, name=username, password=PASSWORD, **more)  # type: ignore[arg-type]
            accounts.create(services.idp, new, actor="operator:test")
    return config


def mandate(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "user", "mandate", *arguments])


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_mandate_is_shown_given_listed_and_revoked(config: Path) -> None:
    shown = printed(mandate(config, *GIVE, "--json"))
    assert (shown["changed"], shown["concerns"]["people"]) == (False, ["company", "agent"])
    assert printed(mandate(config, "list", "--json")) == []
    given = printed(mandate(config, *GIVE, "--yes", "--json"))["mandate"]
    (listed,) = printed(mandate(config, "list", "--organization", "company", "--json"))
    assert (listed["mandate"], listed["agent"], listed["powers"], listed["in_force"]) == (given, "agent", ["profile"], True)
    assert printed(mandate(config, "list", "--organization", "agent", "--json")) == []
    assert printed(mandate(config, "revoke", given, "--by", "Lin", "--json"))["changed"] is False
    assert mandate(config, "revoke", given, "--by", "Lin", "--yes").exit_code == 0
    (listed,) = printed(mandate(config, "list", "--json"))
    assert (listed["in_force"], listed["revoked_at"] is None) == (False, False)
    assert mandate(config, "list").output.startswith("- ")
    again = mandate(config, "revoke", given, "--by", "Lin", "--yes")
    assert getattr(again.exception, "code", None) == "mandate_unknown"
