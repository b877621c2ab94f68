"""A node that can issue licences with everything that its application needs, in the test's process: its services, on SQLite unless said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import crosscert.storage
import idp.storage
import licenses.storage
import pki.storage
from kernel.rows import open_rows
from licenses.departments import COLUMNS as DEPARTMENT_COLUMNS
from licenses.departments import import_departments
from pki import authority
from pki.storage import index_keys
from service import audit, failed_jobs
from service.cli.init import configuration, write_new_files
from service.config import load_config
from service.wiring import Services
from tests.support import issuing
from tests.support.databases import create_all


@contextmanager
def license_node(folder: Path, port: int, *, database: str = "sqlite:///node.sqlite") -> Iterator[Services]:
    """Yield the city's services: CAs made, the demo's departments registered."""
    place = {"province": "广东省", "city": "潮州市", "database": database}
    url = {"code": "445100", "name": "潮州市", "url": f"http://localhost:{port}", "port": port}
    write_new_files(folder, configuration({**url, **place}))
    with Services(load_config(folder / "chaoxin.toml")) as made:
        rooms = (pki.storage, crosscert.storage, licenses.storage, idp.storage)
        create_all(made.engine, audit.metadata, failed_jobs.metadata, index_keys.metadata, *(room.metadata for room in rooms))
        authority.initialise(made.pki)
        with (issuing.DATA / "departments.csv").open("rb") as stream:
            rows = open_rows(stream, "departments.csv", DEPARTMENT_COLUMNS, max_rows=1000)
            import_departments(made.licenses, rows, actor="operator:test")
        yield made
