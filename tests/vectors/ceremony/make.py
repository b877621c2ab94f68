"""Makes ``rollover-issuing-1.jsonl``: a transcript of a county's throw-away node. Run once for each version of the format; old ones stay.

``python -m tests.vectors.ceremony.make``
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kernel.clock import FixedClock
from pki import authority, ceremony
from pki.ceremony import Confirmation
from pki.transcript import witness_hash
from tests.support.databases import engine_on
from tests.support.pki import MemoryKeys, make_deps
from tests.unit.pki.test_ceremony import plan

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, engine_on(f"sqlite:///{folder}/node.sqlite") as engine:
        deps = replace(make_deps(engine, Path(folder), FixedClock(datetime(2026, 11, 23, 8, tzinfo=UTC))), keys=MemoryKeys())
        authority.initialise(deps)
        file = Path(__file__).with_name("rollover-issuing-1.jsonl")
        file.unlink(missing_ok=True)
        ceremony.conduct(
            deps, plan("rollover-issuing"), file, lambda name, head: Confirmation(witness_hash(head, name), typed=True)
        )
