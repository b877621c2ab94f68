"""One federation and one node without peers for all functional tests: those of each run in one process (``tests/support/sharing.py``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.demo import Federation, running_demo
from tests.support.lone_node import LoneNode, lone_node
from tests.support.node_databases import ON_POSTGRESQL

collect_ignore = [] if os.environ.get("CHAOXIN_SCREENSHOTS") == "1" else ["test_pictures.py", "test_sheets.py"]
"""What is no test but takes pictures: those of the documents anew, and sheets of all pages to be looked at."""

NOT_AGAIN = (
    *("demo", "redemption"),  # the demo's own database is SQLite's; codes are redeemed on both already
    *("browser_watch", "directory", "fetching", "messages", "misuse", "registers", "token"),  # nodes' databases play no part
    *(
        "accessibility",
        "pages",
        "differential_node",
        "examples",
    ),  # how pages are shown, how answers are understood: by ways that others walk
    *("relying_parties_node", "relying_party_apache", "relying_party_authlib"),
)
"""What is not walked once more with the nodes on PostgreSQL."""

if ON_POSTGRESQL:
    collect_ignore += [f"test_{name}.py" for name in NOT_AGAIN]


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """The demo, running."""
    with running_demo(tmp_path_factory.mktemp("federation")) as running:
        yield running


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneNode]:
    """A node without peers, served; tests register at it what they need."""
    with lone_node(tmp_path_factory.mktemp("node")) as made, made.served():
        yield made


@pytest.fixture(scope="session")
def citizen(node: LoneNode) -> dict[str, Any]:
    """A citizen of that node."""
    return node.add_account(name="陈晓潮", phone="+86 138 0000 0001")
