"""The packaged documents, and a folder of one's own to spoil them in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from policies.loader import DEFAULTS, load
from policies.models import Policies

Spoil = Callable[[str, str, str], Path]


@pytest.fixture(scope="session")
def defaults() -> Policies:
    """The policies that ship with the package."""
    return load(None)


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """Put a copy of a packaged document with ``old`` replaced by ``new`` (once) into a folder of its own."""

    def spoiled(document: str, old: str, new: str) -> Path:
        text = (DEFAULTS / f"{document}.toml").read_text(encoding="utf-8")
        assert old in text, f"{old!r} is no longer in {document}.toml"
        (tmp_path / f"{document}.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return spoiled
