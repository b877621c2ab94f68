"""``chaoxin license qr-key``: shown first, then done; two people withdraw a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from service.cli import cli


def chaoxin(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "license", "qr-key", *arguments, "--json"])


def told(result: Result, exit_code: int = 0) -> Any:
    assert result.exit_code == exit_code, (result.output, result.exception)
    return json.loads(result.output)


def test_a_key_is_announced_and_the_one_before_withdrawn_by_two(config: Path) -> None:
    (first,) = told(chaoxin(config, "list"))
    assert first["state"] == "good"
    assert told(chaoxin(config, "rotate", "--by", "陈"))["changed"] is False
    assert len(told(chaoxin(config, "list"))) == 1
    made = told(chaoxin(config, "rotate", "--by", "陈", "--yes"))
    assert (made["changed"], made["state"]) == (True, "announced")
    withdraw = ("withdraw", first["key"], "--yes")
    assert told(chaoxin(config, *withdraw, "--by", "陈"), exit_code=1)["withdrawn"] is False
    assert told(chaoxin(config, *withdraw, "--by", "林"))["withdrawn"] is True
    assert [one["state"] for one in told(chaoxin(config, "list"))] == ["withdrawn", "announced"]
