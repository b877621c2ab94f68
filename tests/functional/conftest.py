"""One federation for all functional tests of a test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.demo import Federation, running_demo


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """The demo, running."""
    with running_demo(tmp_path_factory.mktemp("federation")) as running:
        yield running
