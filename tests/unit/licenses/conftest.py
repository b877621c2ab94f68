"""Fixtures of the licence room's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from licenses.ports import LicenseDeps
from pki.keyfiles import FileKeyStore
from pki.vault import Vault
from tests.support.databases import engine_on
from tests.support.issuing import make_license_deps


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault with a key of its own."""
    return Vault(FileKeyStore(tmp_path / "vault-keys", b"a passphrase for tests"))


@pytest.fixture
def deps(engine: sa.Engine, tmp_path: Path, clock: FixedClock) -> LicenseDeps:
    """The city's node, ready to issue, on each engine."""
    return make_license_deps(engine, tmp_path, clock)


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty SQLite database."""
    with engine_on(f"sqlite:///{tmp_path / 'node.sqlite'}") as engine:
        yield engine


@pytest.fixture
def deps_sqlite(sqlite_engine: sa.Engine, tmp_path: Path, clock: FixedClock) -> LicenseDeps:
    """The same on SQLite alone, for what does not hang on the engine."""
    return make_license_deps(sqlite_engine, tmp_path, clock)
