"""A federation of three nodes, and throw-away CAs for what no node would ever issue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.clock import FixedClock
from tests.support.three_nodes import Federation, federation


@pytest.fixture
def nodes(tmp_path: Path, clock: FixedClock) -> Iterator[Federation]:
    """The city and two counties, certified both ways; nothing synchronised."""
    with federation(tmp_path, clock) as made:
        yield made


@pytest.fixture
def synced(nodes: Federation) -> Federation:
    """The same, every node having fetched what the others publish."""
    nodes.sync()
    return nodes
