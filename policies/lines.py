"""Finds the line on which a key of a TOML document stands, so that a fault can be shown where it is.

``tomllib`` keeps no positions. Here the document is cut into its statements (a header or ``key = value``, which may span lines)
and each is parsed by ``tomllib`` itself, so this module knows no TOML grammar of its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Path: TypeAlias = "tuple[str | int, ...]"


def locate(text: str) -> dict[Path, int]:
    """Return the 1-based line of every key, table and array element of ``text``; what follows a syntax error is left out."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for line, statement in _statements(text):
        parsed = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _table(parsed, counts)
            _note(found, table, line)
        else:
            for path in _keys(parsed):
                _note(found, table + path, line)
    return found


def line_of(found: Mapping[Path, int], path: Path) -> int:
    """Return the line of ``path``, or of the nearest table around it; 1 when nothing of it is written."""
    while path and path not in found:
        path = path[:-1]
    return found.get(path, 1)


def _note(found: dict[Path, int], path: Path, line: int) -> None:
    for length in range(1, len(path) + 1):
        found.setdefault(path[:length], line)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    # A statement ends with the first line at which what was read so far is whole.
    start, held = 0, ""
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not held:
            start = number
        held += line
        try:
            whole = tomllib.loads(held)
        except tomllib.TOMLDecodeError:
            continue
        if whole:
            yield start, held
        held = ""


def _table(header: dict[str, Any], counts: dict[Path, int]) -> Path:
    # [a.b] → ("a", "b"); the second [[a.b]] → ("a", "b", 1). A header below an array means the array's last element.
    path: Path = ()
    value: Any = header
    while isinstance(value, dict) and value:
        ((key, value),) = value.items()
        path = (*path, key)
        if isinstance(value, list):
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _keys(value: Any) -> Iterator[Path]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (key,)
        for rest in _keys(child):
            yield (key, *rest)
