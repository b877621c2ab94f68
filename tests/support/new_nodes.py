"""New nodes without the work of making each: one that was made in this process before is copied, and none runs all migrations.

Copies of one node have the same keys, so two that meet must be of different areas. Left to others: serving them (``lone_node``, ``nodes``),
on which database they are (``node_databases``).
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
from service.wiring import Services
from tests.support.databases import engine_on
from tests.support.node_databases import copied_database, empty_database

PLACES = {"445100": ("潮州市", None), "445122": ("饶平县", "饶平县"), "445103": ("潮安区", "潮安区")}
_FOLDER = tempfile.TemporaryDirectory(prefix="chaoxin-test-nodes-")


def new_node(folder: Path, code: str = "445122", *, port: int = 9122, url: str | None = None) -> Path:
    """Make a node in ``folder``, as ``chaoxin init`` does, and return its configuration."""
    there = _made(code, port, url or f"http://localhost:{port}")
    shutil.copytree(there, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node.sqlite*"))
    database = load_config(there / "chaoxin.toml").settings.database.url
    config, copied = folder / "chaoxin.toml", copied_database(database, there, folder)
    config.write_text(config.read_text(encoding="utf-8").replace(database, copied), encoding="utf-8")
    return config


def put_database(folder: Path) -> str:
    """Make a database without a row but of the newest schema for a node in ``folder`` and return its address, for ``chaoxin init --database``."""
    folder.mkdir(parents=True, exist_ok=True)
    return copied_database(_migrated(), Path(_FOLDER.name), folder)


@functools.cache
def _made(code: str, port: int, url: str) -> Path:
    folder = Path(_FOLDER.name) / f"{code}-{port}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    name, county = PLACES[code]
    values: dict[str, str | int | None] = {"code": code, "name": name, "url": url, "port": port, "province": "广东省"}
    write_new_files(folder, configuration(values | {"city": "潮州市", "county": county, "database": put_database(folder)}))
    with Services(load_config(folder / "chaoxin.toml")) as services:
        initialise(services)
    return folder


@functools.cache
def _migrated() -> str:
    address = empty_database(Path(_FOLDER.name))
    with engine_on(address) as engine:
        schema.upgrade(engine)
    return address
