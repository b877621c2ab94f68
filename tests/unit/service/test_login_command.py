"""``chaoxin login``: seeing the ways to log in, switching one off with a reason and on again; dry runs without ``--yes``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.commands import run_command
from tests.support.new_nodes import new_node


def test_a_way_to_log_in_is_switched_off_with_its_reason_and_on_again(tmp_path: Path) -> None:
    config = new_node(tmp_path)
    off = ("login", "off", "authenticator:passkey", "--reason", "型号有漏洞", "--by", "officer")
    preview = run_command(*off, "--json", config=config)
    assert (preview.returncode, json.loads(preview.stdout)["changed"]) == (0, False)
    assert json.loads(run_command(*off, "--yes", "--json", config=config).stdout) == {"changed": True, "ended": 0}
    listed = {one["what"]: one["off"] for one in json.loads(run_command("login", "list", "--json", config=config).stdout)}
    assert listed["authenticator:passkey"]["reason"] == "型号有漏洞"
    assert listed["authenticator:totp"] is None
    assert "off since" in run_command("login", "list", config=config).stdout
    assert run_command("login", "on", "authenticator:passkey", "--by", "officer", "--yes", config=config).returncode == 0
    again = run_command("login", "on", "authenticator:passkey", "--by", "officer", "--yes", config=config)
    assert (again.returncode, "login_switch_unknown" in again.stderr) == (1, True)
    unknown = run_command("login", "off", "authenticator:fax", "--reason", "x", "--by", "officer", "--yes", config=config)
    assert unknown.returncode == 1
