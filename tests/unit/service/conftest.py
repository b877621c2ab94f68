"""A county's node for the commands to work on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.new_nodes import new_node


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a node that nothing has been done at yet."""
    return new_node(tmp_path_factory.mktemp("county") / "node")
