"""A county's CA for the tests of this room: on SQLite where the database is not the subject, on both engines where it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from pki import authority
from pki.ports import PkiDeps
from tests.support.databases import engine_on
from tests.support.pki import CITY, OpenSsl, make_deps


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    with engine_on(f"sqlite:///{tmp_path / 'pki.sqlite'}") as engine:
        yield engine


@pytest.fixture
def new_pki(engine: sa.Engine, tmp_path: Path, clock: FixedClock) -> PkiDeps:
    """A CA that is not set up, on each engine."""
    return make_deps(engine, tmp_path, clock)


@pytest.fixture
def stored_pki(new_pki: PkiDeps) -> PkiDeps:
    """A CA that is set up, on each engine."""
    authority.initialise(new_pki)
    return new_pki


@pytest.fixture
def pki(sqlite_engine: sa.Engine, tmp_path: Path, clock: FixedClock) -> PkiDeps:
    """A CA that is set up, on SQLite."""
    deps = make_deps(sqlite_engine, tmp_path, clock)
    authority.initialise(deps)
    return deps


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSsl:
    folder = tmp_path / "openssl"
    folder.mkdir()
    return OpenSsl(folder)


@pytest.fixture
def city(tmp_path: Path, clock: FixedClock) -> Iterator[PkiDeps]:
    """The city's CA, set up as well."""
    (tmp_path / "city").mkdir()
    with engine_on(f"sqlite:///{tmp_path / 'city.sqlite'}") as engine:
        deps = make_deps(engine, tmp_path / "city", clock, CITY)
        authority.initialise(deps)
        yield deps
