"""A node on a PKCS#11 token, served by forked processes: red while the token is away, green again when it is back."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.test_misuse import assert_one_line, chaoxin
from tests.support.lone_node import wait_for
from tests.support.ports import free_port_block
from tests.support.tokens import PIN, SoftHsm


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, softhsm: SoftHsm) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("token") / "node"
    folder.mkdir()
    (folder / "pin").write_text(PIN)
    port = free_port_block(1)
    url = f"http://localhost:{port}"
    made = chaoxin(
        "init", str(folder), "--code", "445122", "--name", "饶平县", "--url", url, "--port", str(port), "--province", "广东省",
        "--city", "潮州市", "--county", "饶平县", "--pkcs11-module", str(softhsm.module), "--pkcs11-token", softhsm.make(),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return folder, url


@pytest.fixture(scope="module")
def served(node: tuple[Path, str]) -> Iterator[str]:
    folder, url = node
    command = [sys.executable, "-m", "service.cli", "--config", str(folder / "chaoxin.toml"), "serve", "--workers", "2"]
    log = folder / "served.log"
    with log.open("wb") as stream, subprocess.Popen(command, stderr=stream, env=os.environ | {"CHAOXIN_CONFIG": ""}) as process:
        try:
            wait_for(f"{url}/readyz", process, log)
            yield url
        finally:
            process.terminate()


def test_nothing_private_lies_in_the_folder(node: tuple[Path, str]) -> None:
    files = {file.name for file in node[0].rglob("*") if file.is_file()}
    assert "passphrase" not in files
    assert {name for name in files if name.endswith((".pem", ".key"))} == set()


def test_forked_processes_sign_and_are_red_for_as_long_as_the_token_is_away(served: str, softhsm: SoftHsm) -> None:
    assert {status(f"{served}/readyz") for _ in range(6)} == {200}
    softhsm.take_away()
    try:
        assert {status(f"{served}/readyz") for _ in range(6)} == {503}
        assert status(f"{served}/healthz") == 200
    finally:
        softhsm.bring_back()
    assert {status(f"{served}/readyz") for _ in range(6)} == {200}


def test_a_wrong_pin_is_one_line(node: tuple[Path, str]) -> None:
    assert_one_line(chaoxin("--config", str(node[0] / "chaoxin.toml"), "serve", CHAOXIN_PIN="999999"), "token_pin")
