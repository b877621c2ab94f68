"""The page of requirements names each of them, and where its tests are; every test of a requirement stands there."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "openid-requirements.md"
NAMED = re.compile(r"^def test_(?:requirement_(\d+)|(g[1-4]))_", re.MULTILINE)
ROW = re.compile(r"^\| (\d+|G\d) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def test_every_requirement_has_its_tests_and_the_page_tells_where() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for file in TESTS.rglob("test_*.py"):
        for number, letter in NAMED.findall(file.read_text(encoding="utf-8")):
            found[number or letter.upper()].add(file.relative_to(TESTS).as_posix())
    told = {key: set(re.findall(r"`([^`]+)`", files)) for key, files in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert told == found
    assert set(told) == {*map(str, range(1, 31)), "G1", "G2", "G3", "G4"}
