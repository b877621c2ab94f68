"""A county's CA for the tests of this room: on SQLite where the database is not the subject, on both engines where it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from kernel.clock import FixedClock
from kernel.nodes import Node
from pki import authority
from pki.ports import PkiDeps
from tests.support.databases import engine_on
from tests.support.pki import CITY, COUNTY, MemoryKeys, OpenSsl, make_deps

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    with engine_on(f"sqlite:///{tmp_path / 'pki.sqlite'}") as engine:
        yield engine


@pytest.fixture
def new_pki(engine: sa.Engine, tmp_path: Path, clock: FixedClock) -> PkiDeps:
    """A CA that is not set up, on each engine."""
    return replace(make_deps(engine, tmp_path, clock), keys=MemoryKeys())


@pytest.fixture
def stored_pki(new_pki: PkiDeps) -> PkiDeps:
    """A CA that is set up, on each engine."""
    authority.initialise(new_pki)
    return new_pki


@dataclass(frozen=True)
class Template:
    """A CA as it is right after it was set up: made once, copied for each test."""

    database: Path
    keys: MemoryKeys
    node: Node


def make_template(folder: Path, node: Node) -> Template:
    folder.mkdir(parents=True)
    database = folder / "pki.sqlite"
    keys = MemoryKeys()
    with engine_on(f"sqlite:///{database}") as engine:
        authority.initialise(replace(make_deps(engine, folder, FixedClock(MORNING), node), keys=keys))
    return Template(database, keys, node)


@contextmanager
def copy_of(template: Template, folder: Path, clock: FixedClock) -> Iterator[PkiDeps]:
    shutil.copy(template.database, folder / f"{template.node.code}.sqlite")
    keys = MemoryKeys(dict(template.keys.keys), dict(template.keys.secrets))
    with engine_on(f"sqlite:///{folder / template.node.code}.sqlite") as engine:
        yield replace(make_deps(engine, folder, clock, template.node), keys=keys)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    folder = tmp_path_factory.mktemp("templates")
    return {node.code: make_template(folder / node.code, node) for node in (CITY, COUNTY)}


@pytest.fixture
def pki(templates: dict[str, Template], tmp_path: Path, clock: FixedClock) -> Iterator[PkiDeps]:
    """A county's CA that is set up, on SQLite."""
    with copy_of(templates[COUNTY.code], tmp_path, clock) as deps:
        yield deps


@pytest.fixture
def city(templates: dict[str, Template], tmp_path: Path, clock: FixedClock) -> Iterator[PkiDeps]:
    """The city's CA, set up as well."""
    with copy_of(templates[CITY.code], tmp_path, clock) as deps:
        yield deps


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSsl:
    folder = tmp_path / "openssl"
    folder.mkdir()
    return OpenSsl(folder)
