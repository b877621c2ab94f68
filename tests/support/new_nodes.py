"""New nodes without the work of making each: one that was made in this process before is copied, and none runs all migrations.

Copies of one node have the same keys, so two that meet must be of different areas. Left to others: serving them (``lone_node``, ``nodes``).
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import tempfile
from pathlib import Path

from service import schema
from service.cli.init import configuration, initialise, write_new_files
from service.config import load_config
from service.engine import make_engine
from service.wiring import Services

PLACES = {"445100": ("潮州市", None), "445122": ("饶平县", "饶平县"), "445103": ("潮安区", "潮安区")}
_FOLDER = tempfile.TemporaryDirectory(prefix="chaoxin-test-nodes-")


def new_node(folder: Path, code: str = "445122", *, port: int = 9122, url: str | None = None) -> Path:
    """Make a node in ``folder``, as ``chaoxin init`` does, and return its configuration."""
    shutil.copytree(_made(code, port, url or f"http://localhost:{port}"), folder, dirs_exist_ok=True)
    return folder / "chaoxin.toml"


def put_database(folder: Path) -> None:
    """Put a database without a row but of the newest schema where a node's is looked for."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_migrated(), folder / "node.sqlite")


@functools.cache
def _made(code: str, port: int, url: str) -> Path:
    folder = Path(_FOLDER.name) / f"{code}-{port}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    name, county = PLACES[code]
    values: dict[str, str | int | None] = {"code": code, "name": name, "url": url, "port": port, "province": "广东省"}
    write_new_files(folder, configuration(values | {"city": "潮州市", "county": county, "database": "sqlite:///node.sqlite"}))
    put_database(folder)
    with Services(load_config(folder / "chaoxin.toml")) as services:
        initialise(services)
    return folder


@functools.cache
def _migrated() -> Path:
    file = Path(_FOLDER.name) / "node.sqlite"
    engine = make_engine(f"sqlite:///{file}")
    schema.upgrade(engine)
    engine.dispose()
    return file
