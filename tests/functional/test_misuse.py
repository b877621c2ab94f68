"""What an operator gets wrong is told in one line, with exit code 2."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import run_command
from tests.support.new_nodes import new_node
from tests.support.ports import free_port_block


def chaoxin(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"CHAOXIN_CONFIG": ""} | environment,
    )


def assert_one_line(done: subprocess.CompletedProcess[str], code: str) -> None:
    lines = done.stderr.strip().splitlines()
    assert (done.returncode, len(lines)) == (2, 1), done.stderr
    assert lines[0].startswith(code), done.stderr


@pytest.fixture(scope="module")
def port() -> int:
    return free_port_block(1)


@pytest.fixture
def node(tmp_path: Path, port: int) -> Path:
    return new_node(tmp_path / "node", port=port).parent


def test_init_can_be_repeated_and_doctor_finds_a_healthy_node(tmp_path: Path) -> None:
    place = ("--province", "广东省", "--city", "潮州市", "--county", "饶平县")
    for _ in range(2):
        made = run_command(
            "init",
            str(tmp_path),
            "--code",
            "445122",
            "--name",
            "饶平县",
            "--url",
            "http://localhost:9122",
            "--port",
            "9122",
            *place,
        )
        assert made.returncode == 0, made.stderr
    healthy = run_command("doctor", config=tmp_path / "chaoxin.toml")
    assert healthy.returncode == 0, healthy.stdout + healthy.stderr


def test_a_port_in_use(node: Path, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert_one_line(run_command("serve", config=node / "chaoxin.toml"), "port_in_use")


def test_a_wrong_passphrase(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOXIN_PASSPHRASE", "wrong")
    assert_one_line(run_command("serve", config=node / "chaoxin.toml"), "wrong_passphrase")


def test_a_damaged_database(node: Path) -> None:
    (node / "node.sqlite").write_bytes(b"this is not a database" * 1000)
    for left in node.glob("node.sqlite-*"):
        left.unlink()
    assert_one_line(run_command("serve", config=node / "chaoxin.toml"), "database_unusable")


def test_an_unwritable_folder(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder is wanted")
    done = run_command(
        "init", str(blocked / "node"), "--code", "445100", "--name", "潮州市", "--url", "http://localhost:1", "--port", "1",
        "--province", "广东省", "--city", "潮州市",
    )  # fmt: skip
    assert_one_line(done, "folder_unwritable")


def test_no_node_named() -> None:
    assert_one_line(chaoxin("doctor"), "config_missing")


def test_a_policy_document_with_an_unknown_key_stops_the_start(node: Path) -> None:
    (node / "policies").mkdir()
    (node / "policies" / "tokens.toml").write_text("authorization_code_secs = 60\n", encoding="utf-8")
    with (node / "chaoxin.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[policies]\ndirectory = "policies"\n')
    done = run_command("serve", config=node / "chaoxin.toml")
    assert done.returncode == 2
    assert "tokens.toml" in done.stderr
    assert "authorization_code_sec" in done.stderr
