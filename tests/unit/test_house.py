"""The rules of the house that no tool knows: sizes, declared sensitivity, clean texts, nothing that belongs to one machine."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shutil
import string
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.errors import CATALOGUE, ErrorCode

ROOT = Path(__file__).parents[2]
ROOMS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["root_packages"]
SENSITIVITIES = {"public", "internal", "personal", "secret"}
MOST_LINES = 320


def tracked() -> list[Path]:
    """The repository's files; where there is no repository (an unpacked archive), all but what set-up and runs leave behind."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False) if shutil.which("git") else None
    if listed is not None and listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        left = {".venv", "var", "__pycache__", ".git"}
        files = [file for file in ROOT.rglob("*") if not left & set(file.relative_to(ROOT).parts)]
    return [file for file in files if file.is_file()]


def modules() -> Iterator[str]:
    for room in ROOMS:
        yield room
        for module in pkgutil.walk_packages([str(ROOT / room)], f"{room}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                yield module.name


@pytest.fixture(scope="module")
def catalogue() -> dict[str, ErrorCode]:
    for name in modules():
        importlib.import_module(name)
    return {code: error for code, error in CATALOGUE.items() if code != "only_for_this_test"}


def test_files_stay_small_enough_to_read_in_one_go() -> None:
    code = [file for room in [*ROOMS, "benchmarks", "scripts"] for file in (ROOT / room).rglob("*.py")]
    code = [file for file in code if "migrations" not in file.parts]  # a record of the past, written by Alembic
    assert len(code) > 50
    too_long = {str(file.relative_to(ROOT)): lines for file in code if (lines := len(file.read_text().splitlines())) > MOST_LINES}
    assert too_long == {}


def test_every_python_file_says_what_it_does() -> None:
    for file in tracked():
        if file.suffix == ".py" and file.read_text(encoding="utf-8").strip():
            assert file.read_text(encoding="utf-8").startswith('"""'), file


def test_every_column_declares_how_sensitive_it_is() -> None:
    undeclared, seen = [], 0
    for name in modules():
        found = getattr(importlib.import_module(name), "metadata", None)
        if not isinstance(found, sa.MetaData):
            continue
        for table in found.tables.values():
            for column in table.columns:
                seen += 1
                if column.info.get("sensitivity") not in SENSITIVITIES:
                    undeclared.append(f"{table.name}.{column.name}")
    assert undeclared == []
    assert seen > 50


def test_tables_are_named_after_their_room() -> None:
    for name in modules():
        found = getattr(importlib.import_module(name), "metadata", None)
        if isinstance(found, sa.MetaData):
            for table in found.tables:
                assert table.startswith((name.split(".")[0] + "_", "audit_")), (name, table)


# Written in pieces, so that this file itself holds none of them.
FORBIDDEN = [
    re.compile(pattern.replace("~", ""))
    for pattern in (
        r"/wo~rk/(main|shared|\.library)",
        r"/ro~ot/",
        r"/ho~me/[a-z]",
        r"/t~mp/(plan|bash)",
        r"py~pi\.org",
        r"files\.python~hosted",
        r"registry\.np~mjs",
        r"deb\.deb~ian\.org",
        r"--index-~url|--extra-index-~url|--find-~links|--trusted-~host",
        r"(?i)fonts\.google~apis|cdn\.js~delivr|unp~kg\.com|cdn~js\.cloudflare",
    )
]


def test_nothing_tracked_belongs_to_one_machine_or_names_an_index() -> None:
    found = []
    for file in tracked():
        content = file.read_bytes()
        if b"\0" in content[:8000]:
            continue
        text = content.decode("utf-8", errors="replace")
        found += [f"{file.relative_to(ROOT)}: {match[0]}" for pattern in FORBIDDEN if (match := pattern.search(text))]
    assert found == []


def test_locked_packages_are_pinned_by_hash_and_agree() -> None:
    pins = {}
    for kind in ("base", "dev"):
        text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
        entries = re.split(r"\n(?=\S)", text.strip())
        assert all("--hash=sha256:" in entry for entry in entries)
        pins[kind] = dict(entry.split(" ", 1)[0].split("==") for entry in entries)
    assert pins["base"].items() <= pins["dev"].items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for kind, wanted in (("base", project["dependencies"]), ("dev", project["optional-dependencies"]["dev"])):
        names = {re.split(r"[\[>=<;! ]", requirement)[0] for requirement in wanted}
        assert names <= pins[kind].keys()


# The error catalogue

HALF_WIDTH = re.compile(r"(?<=[\u4e00-\u9fff])[,;:!?()]|[,;:!?()](?=[\u4e00-\u9fff])")
PAIRS = ("（）", "“”", "‘’", "《》", "「」", "【】")


def places(text: str) -> set[str]:
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_error_has_both_texts_and_both_remedies(catalogue: dict[str, ErrorCode]) -> None:
    assert len(catalogue) > 60
    for code, error in catalogue.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", code), code
        assert 400 <= error.status < 600, code
        for text in (error.message, error.remedy):
            assert re.search(r"[\u4e00-\u9fff]", text.zh), code
            assert not re.search(r"[\u4e00-\u9fff，。；：（）]", text.en), code
            assert text.zh.endswith(("。", "？", "！", "}")), code  # a place may hold a sentence
            assert text.en.endswith((".", "?", "!", "}")), code
            assert text.en == text.en.strip(), code
            assert text.zh == text.zh.strip(), code


def test_the_two_languages_of_an_error_tell_the_same_details(catalogue: dict[str, ErrorCode]) -> None:
    for code, error in catalogue.items():
        for text in (error.message, error.remedy):
            zh = {re.sub(r"_(zh|en)$", "", place) for place in places(text.zh)}
            en = {re.sub(r"_(zh|en)$", "", place) for place in places(text.en)}
            assert zh == en, code


def test_chinese_texts_use_full_width_punctuation_in_matched_pairs(catalogue: dict[str, ErrorCode]) -> None:
    for code, error in catalogue.items():
        for text in (error.message.zh, error.remedy.zh):
            assert not HALF_WIDTH.search(text), (code, text)
            for opening, closing in PAIRS:
                assert text.count(opening) == text.count(closing), (code, text)
            assert '"' not in text, (code, text)
            assert text.count("(") == text.count(")"), (code, text)


def test_every_error_that_is_defined_is_used() -> None:
    sources = "\n".join(file.read_text(encoding="utf-8") for room in ROOMS for file in (ROOT / room).rglob("*.py"))
    names = re.findall(r"^([A-Z][A-Z0-9_]+)(?:: \w+)? = define\(", sources, re.MULTILINE)
    words = Counter(re.findall(r"\b[A-Z][A-Z0-9_]+\b", sources))
    assert [name for name in names if words[name] < 2] == []
    assert len(names) > 100
