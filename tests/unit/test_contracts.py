"""Each import contract is shown to fail: a copy of the house with one forbidden import added breaks exactly that contract."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETTINGS = PYPROJECT["tool"]["importlinter"]
ROOMS = SETTINGS["root_packages"]

VIOLATIONS = [
    ("layers", "kernel/stray.py", "import policies.models"),
    ("layers", "pki/stray.py", "from crosscert import errors"),
    ("layers", "licenses/stray.py", "import admin_ui"),
    ("layers", "idp/stray.py", "def later():\n    import service.config"),
    ("independence", "idp/stray.py", "import licenses"),
    ("independence", "licenses/stray.py", "import idp"),
    ("service", "admin_ui/stray.py", "import service.config"),
    ("flask", "licenses/stray.py", "from flask import request"),
    ("flask", "pki/stray.py", "import werkzeug"),
    ("flask", "crosscert/paths/stray.py", "import markupsafe"),
    ("sqlalchemy", "idp/stray.py", "import sqlalchemy as sa"),
    ("sqlalchemy", "admin_ui/stray.py", "import sqlite3"),
    ("outside", "licenses/stray.py", "from licenses import storage"),
    ("outside", "admin_ui/stray.py", "from licenses import storage"),
    ("core", "kernel/stray.py", "import socket"),
    ("core", "policies/stray.py", "import urllib.request"),
    ("doors", "idp/stray.py", "from jose import jwt"),
    ("doors", "licenses/stray.py", "import requests"),
    ("doors", "service/stray.py", "from stdnum.cn import uscc"),
    ("acyclic", "kernel/text.py", "import kernel.nodes"),
]
"""Contract, file, what is added to it; ``kernel/nodes.py`` imports ``kernel.text`` in turn for the last."""


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages' Python files."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(
            ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__", "static", "*.html", "*.po", "*.mo")
        )
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def lint(house: Path, *arguments: str) -> tuple[int, str]:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache", "--no-logo", *arguments], cwd=house, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_house_keeps_its_contracts(house: Path) -> None:
    code, output = lint(house)
    assert code == 0, output
    assert f"Contracts: {len(SETTINGS['contracts'])} kept, 0 broken" in output


def test_every_package_is_under_contract() -> None:
    packages = {folder.name for folder in ROOT.iterdir() if (folder / "__init__.py").exists()} - {"tests", "benchmarks"}
    assert packages == set(ROOMS)
    assert {pattern.rstrip("*") for pattern in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]} == packages


def test_every_contract_is_shown_to_fail() -> None:
    assert {contract["id"] for contract in SETTINGS["contracts"]} == {contract for contract, _, _ in VIOLATIONS}


@pytest.mark.parametrize(("contract", "file", "added"), VIOLATIONS)
def test_a_forbidden_import_breaks_its_contract(house: Path, contract: str, file: str, added: str) -> None:
    changed = {house / file: added}
    if contract == "acyclic":
        changed[house / "kernel/nodes.py"] = "import kernel.text"
    before = {path: path.read_text(encoding="utf-8") if path.exists() else None for path in changed}
    try:
        for path, more in changed.items():
            path.write_text((before[path] or '"""A file that strayed."""\n') + f"\n{more}\n", encoding="utf-8")
        code, output = lint(house, "--contract", contract)
    finally:
        for path, text in before.items():
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
    assert code == 1, output
    assert "Contracts: 0 kept, 1 broken." in output
