"""A revocation list of a million entries: put together, signed and archived by the CA's own function, in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from benchmarks.figures import Figure
from kernel.clock import SystemClock
from kernel.randomness import serial_number
from pki import authority, crl
from pki.crl_der import entry
from pki.ports import PkiDeps
from pki.storage import tables
from tests.support.databases import engine_on
from tests.support.pki import MemoryKeys, make_deps

ENTRIES = 1_000_000
SECONDS_LIMIT = 1.0
MEGABYTES_LIMIT = 600.0
_AT_ONCE = 50_000
_ROUNDS = 3


def measure() -> Iterator[Figure]:
    """Rebuild the list in a process that does nothing else, so that its memory can be told."""
    told = subprocess.run([sys.executable, "-m", "benchmarks.million_entries"], check=True, capture_output=True, text=True)
    found = json.loads(told.stdout)
    yield Figure("CRL of 1M entries rebuilt", found["seconds"], "s", "limit", SECONDS_LIMIT)
    yield Figure("CRL of 1M entries, peak memory", found["megabytes"], "MB", "limit", MEGABYTES_LIMIT)


def _rebuild() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder, engine_on(f"sqlite:///{folder}/node.sqlite") as engine:
        deps = replace(make_deps(engine, Path(folder), SystemClock()), keys=MemoryKeys())
        authority.initialise(deps)
        _revoke_a_million(deps)
        seconds = []
        for _ in range(_ROUNDS):
            begun = time.monotonic()
            made = crl.publish(deps, "issuing")
            seconds.append(time.monotonic() - begun)
            assert made.entries == ENTRIES
    return {"seconds": min(seconds), "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _revoke_a_million(deps: PkiDeps) -> None:
    """Store the entries that a million revocations leave behind."""
    begin = deps.clock.now() - timedelta(days=365)
    serials = (format(serial_number(), "x") for _ in range(ENTRIES))
    number = 0
    while block := list(islice(serials, _AT_ONCE)):
        rows = []
        for serial in block:
            number += 1
            der = entry(serial, begin + timedelta(seconds=30 * number), "key_compromise")
            rows.append({"serial": serial, "ca": "issuing", "partition": 1 + number // 50_000, "entry": der})
        with deps.work.begin() as work:
            work.records._connection.execute(tables.crl_entries.insert(), rows)  # type: ignore[attr-defined]  # noqa: SLF001


if __name__ == "__main__":
    print(json.dumps(_rebuild()))
