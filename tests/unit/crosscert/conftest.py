"""A federation of three nodes, made once a process and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from tests.support.three_nodes import Federation, Template, federation, strangers, template_of
from tests.unit.crosscert.forge import NOW


@pytest.fixture(scope="session")
def unacquainted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    folder = tmp_path_factory.mktemp("unacquainted")
    with strangers(folder, FixedClock(NOW)) as made:
        yield template_of(made, folder)


@pytest.fixture
def apart(unacquainted: Template, tmp_path: Path, clock: FixedClock) -> Iterator[Federation]:
    """The city and two counties that have agreed on nothing."""
    with unacquainted.copy(tmp_path, clock) as made:
        yield made


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    folder = tmp_path_factory.mktemp("certified")
    with federation(folder, FixedClock(NOW)) as made:
        yield template_of(made, folder)


@pytest.fixture(scope="session")
def fetched(certified: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    folder = tmp_path_factory.mktemp("fetched")
    with certified.copy(folder, FixedClock(NOW)) as made:
        made.sync()
        yield template_of(made, folder)


@pytest.fixture
def nodes(certified: Template, tmp_path: Path, clock: FixedClock) -> Iterator[Federation]:
    """The city and two counties, certified both ways; nothing synchronised."""
    with certified.copy(tmp_path, clock) as made:
        yield made


@pytest.fixture
def synced(fetched: Template, tmp_path: Path, clock: FixedClock) -> Iterator[Federation]:
    """The same, every node having fetched what the others publish."""
    with fetched.copy(tmp_path, clock) as made:
        yield made
