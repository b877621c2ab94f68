"""An identity room on both engines (``deps``), and one with its pages on SQLite (``provider``)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.ports import IdpDeps
from kernel.clock import FixedClock
from pki.keyfiles import FileKeyStore
from tests.support.databases import engine_on
from tests.support.idp import Provider, make_idp_deps, provider_in


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> FileKeyStore:
    """One key store for all: opening one costs a slow key derivation."""
    return FileKeyStore(tmp_path_factory.mktemp("idp-keys"), b"a passphrase for tests")


@pytest.fixture
def deps(engine: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> IdpDeps:
    return make_idp_deps(engine, keys, clock)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[sa.Engine]:
    with engine_on(f"sqlite:///{tmp_path / 'provider.sqlite'}") as made:
        yield made


@pytest.fixture
def light(sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock) -> IdpDeps:
    """An identity room on SQLite alone, for what does not depend on the engine."""
    return make_idp_deps(sqlite, keys, clock)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, keys: FileKeyStore) -> tuple[Path, Provider]:
    """The database of a provider with one citizen and one department's system, to be copied: hashing a password is dear."""
    folder = tmp_path_factory.mktemp("prepared")
    with provider_in(folder, keys) as made:
        made.add_account(resident_id="445102198806123626", real_name_level=4)
        made.add_client()
    return folder / "provider.sqlite", made


@pytest.fixture
def provider(
    tmp_path: Path, prepared: tuple[Path, Provider], sqlite: sa.Engine, keys: FileKeyStore, clock: FixedClock
) -> Provider:
    """A provider with one citizen and one department's system."""
    file, before = prepared
    shutil.copyfile(file, tmp_path / file.name)
    made = Provider(make_idp_deps(sqlite, keys, clock))
    made.secrets |= before.secrets
    return made
