"""Where the nodes that tests serve keep what they know: in SQLite files, or in databases of the test process's PostgreSQL server.

Which of them is said here alone, by ``CHAOXIN_TEST_NODES`` (``make test-postgresql``). Left to others: making nodes (``new_nodes``), the server
(``databases``).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from service.demo import plan
from tests.support.databases import shared_server

ON_POSTGRESQL = os.environ.get("CHAOXIN_TEST_NODES") == "postgresql"


def empty_database(folder: Path) -> str:
    """Return the address of a new database in ``folder``, which holds nothing yet."""
    return shared_server().create() if ON_POSTGRESQL else f"sqlite:///{folder / 'node.sqlite'}"


def copied_database(address: str, there: Path, here: Path) -> str:
    """Copy a database that nobody is using from one folder to another, and return its address as a configuration there has it."""
    if ON_POSTGRESQL:
        return shared_server().create(like=address)
    shutil.copyfile(there / "node.sqlite", here / "node.sqlite")
    return "sqlite:///node.sqlite"


def demo_databases(number: int) -> dict[str, str]:
    """Make the databases of a demo's nodes, and return how the demo is told of them by its environment."""
    if not ON_POSTGRESQL:
        return {}
    server = shared_server()
    for node in plan.NODES:
        server.create(f"demo_{number}_{node.code}")
    return {"CHAOXIN_DEMO_DATABASE": server.url(f"demo_{number}_{{code}}")}
