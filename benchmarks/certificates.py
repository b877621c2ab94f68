"""Certificates issued in batches through the room's own function: built, looked at, recorded, signed, recorded again, on SQLite."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.figures import Figure, cpu_milliseconds
from kernel.clock import SystemClock
from pki import authority
from pki.records import CertificateRequest
from tests.support.databases import engine_on
from tests.support.pki import COUNTY, make_deps

BATCH = 500
PER_SECOND_LIMIT = 3000.0


def measure() -> Iterator[Figure]:
    """Issue to as many people as a batch holds, again and again."""
    public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    requests = [CertificateRequest("person", (*COUNTY.names, ("CN", f"张三{n}")), public_key) for n in range(BATCH)]
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder, engine_on(f"sqlite:///{folder}/node.sqlite") as engine:
        deps = make_deps(engine, Path(folder), SystemClock())
        authority.initialise(deps)
        batch = cpu_milliseconds(lambda: authority.issue_many(deps, requests))
        yield Figure("certificates a CPU second", 1000 * BATCH / batch, "1/s", "limit", PER_SECOND_LIMIT, "higher")
        single = cpu_milliseconds(lambda: authority.issue_many(deps, requests[:1]))
        yield Figure("a certificate by itself", single, "ms CPU", "limit", 5.0)
