"""The transparency log at ten million leaves: an inclusion proof, put together and verified.

All leaves are alike, so every hash of a level is the same and SQLite fills the table by itself; what a proof costs does not depend on them.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.figures import Figure, cpu_milliseconds, cpu_milliseconds_each
from kernel.clock import SystemClock
from licenses import log
from licenses import storage as licenses_storage
from licenses.storage import SqlLicenseRecords
from licenses.transparency.consistency import consistency_proof
from tests.support.databases import create_all, engine_on

LEAVES = 10_000_000
PROOF_LIMIT = 1.0
_STEP = 6_700_417  # a prime: the proofs are spread over the log
_MEMORY = "/dev/shm"  # noqa: S108 - a folder of its own is made in it
_FILL = """
WITH RECURSIVE places(place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM places WHERE place + 1 < :count)
INSERT INTO licenses_log_nodes (level, place, hash) SELECT :level, place, :hash FROM places
"""


def measure() -> Iterator[Figure]:
    """Prove leaves all over the log."""
    leaf = log.Leaf("issued", "1" * 18, "0" * 64, "01", SystemClock().now()).to_bytes()
    memory = _MEMORY if Path(_MEMORY).is_dir() else None  # a gigabyte and a half that no disk has to take
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-", dir=memory) as folder:
        database = f"{folder}/log.sqlite"
        with engine_on(f"sqlite:///{database}") as engine:
            create_all(engine, licenses_storage.metadata)
        _fill(database, leaf)
        with engine_on(f"sqlite:///{database}") as engine:
            yield from _prove(engine, leaf)


def _prove(engine: sa.Engine, leaf: bytes) -> Iterator[Figure]:
    no_vault: Any = None
    with engine.connect() as connection:
        records = SqlLicenseRecords(connection, no_vault)
        root = log.root(records, LEAVES)
        indexes = [index * _STEP % LEAVES for index in range(300)]
        made = cpu_milliseconds_each(lambda index: log.inclusion_proof(records, index, LEAVES), indexes)
        yield Figure(f"inclusion proof among {LEAVES:,} leaves", made, "ms CPU", "limit", PROOF_LIMIT)
        proof = log.inclusion_proof(records, indexes[7], LEAVES)
        assert log.verify_inclusion(leaf, proof, root).pdf_sha256 == "0" * 64
        verified = cpu_milliseconds(lambda: log.verify_inclusion(leaf, proof, root))
        yield Figure("inclusion proof verified", verified, "ms CPU", "limit", PROOF_LIMIT)
        grown = cpu_milliseconds(lambda: consistency_proof(records, LEAVES // 3, LEAVES))
        yield Figure(f"consistency proof to {LEAVES:,} leaves", grown, "ms CPU", "limit", PROOF_LIMIT)


def _fill(database: str, leaf: bytes) -> None:
    """Write all hashes of the tree, past the engine: nobody's log yet, only its size matters."""
    value, count = log.leaf_hash(leaf), LEAVES
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000"):
            connection.execute(f"PRAGMA {pragma}")
        for level in range(LEAVES.bit_length()):
            connection.execute(_FILL, {"count": count, "level": level, "hash": value})
            value, count = log.node_hash(value, value), count >> 1
