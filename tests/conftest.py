"""Fixtures that every test may take. Those of one subject live beside it in ``tests/support``."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asn1crypto.tsp  # noqa: F401 - before any test module looks a content type up
import pytest
import sqlalchemy as sa
from hypothesis import settings

from kernel.clock import FixedClock
from tests.support.browser import browser, context, film, page
from tests.support.databases import PostgresServer, engine_on, shared_server
from tests.support.sharing import pytest_xdist_make_scheduler
from tests.support.tokens import softhsm

__all__ = ["browser", "context", "film", "page", "pytest_xdist_make_scheduler", "softhsm"]

# The same examples in every run: a failure is reproduced by running again.
settings.register_profile("house", derandomize=True, deadline=None, database=None)
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """Let what was loaded for all tests never be looked at again for garbage: it took an eighth of the tests' processor time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at the morning of 23 November 2026 until the test moves it."""
    return FixedClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """A PostgreSQL server of this test process."""
    return shared_server()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a table, once for each engine that the house supports."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'node.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on a database without a row, once for each that the house supports."""
    url = f"sqlite:///{tmp_path / 'node.sqlite'}"
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.emptied()
    with engine_on(url) as made:
        yield made
