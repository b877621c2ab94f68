"""The demo as it is: from nothing to serving, memory at rest, a batch of licences, verification at home and at a county."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Figure, cpu_milliseconds_each
from crosscert.federation import sync
from licenses.verification import verify
from service.config import load_config
from service.demo.federation import PORTS
from service.logs import configure_logs
from service.wiring import Services
from tests.support.demo import start_demo, stop, wait_for_demo
from tests.support.ports import free_port_block

CITY, COUNTY = "445100", "445122"
DATA = Path(__file__).parents[1] / "service" / "demo" / "data"

START_LIMIT = 20.0
REST_LIMIT = 150.0
ISSUE_LIMIT = 25.0
OWN_LIMIT = 15.0
COUNTY_LIMIT = 40.0
_REST_SECONDS = 5
_MOST_VERIFIED = 200


def measure() -> Iterator[Figure]:
    """Build a demo in a temporary folder and measure it from birth to verdict."""
    configure_logs("WARNING")
    with tempfile.TemporaryDirectory(prefix="chaoxin-bench-") as folder:
        root, first_port = Path(folder), free_port_block(PORTS)
        begun = time.monotonic()
        with _running(root, first_port, root / "first.log"):
            yield Figure("demo: nothing → serving", time.monotonic() - begun, "s", "limit", START_LIMIT)
        begun = time.monotonic()
        with _running(root, first_port, root / "second.log"):
            yield Figure("demo: second start", time.monotonic() - begun, "s", "limit", START_LIMIT)
            time.sleep(_REST_SECONDS)
            yield Figure("node process at rest", _largest_node_process(os.getpid()), "MB", "limit", REST_LIMIT)
            demo = root / "var" / "demo"
            yield from _issue(demo / CITY / "chaoxin.toml", root / "pdfs")
            pdfs = [file.read_bytes() for file in sorted((root / "pdfs").rglob("*.pdf"))[:_MOST_VERIFIED]]
            yield Figure("verify at home", _verifying(demo / CITY / "chaoxin.toml", pdfs), "ms CPU", "limit", OWN_LIMIT)
            yield Figure("verify at a county", _verifying(demo / COUNTY / "chaoxin.toml", pdfs), "ms CPU", "limit", COUNTY_LIMIT)


@contextmanager
def _running(root: Path, first_port: int, log: Path) -> Iterator[None]:
    with log.open("ab") as stream:
        process = start_demo(root, first_port, stream)
    try:
        wait_for_demo(process, root, log)
        yield
    finally:
        stop(process)


def _verifying(config: Path, pdfs: Sequence[bytes]) -> float:
    with Services(load_config(config)) as services:
        sync.sync_all(services.crosscert)

        def act(pdf: bytes) -> None:
            verdict = verify(services.licenses, pdf, actor="operator:bench")
            assert verdict.indication == "TOTAL_PASSED", verdict.message

        return cpu_milliseconds_each(act, pdfs)


def _issue(config: Path, out: Path) -> Iterator[Figure]:
    command = [sys.executable, "-m", "service.cli", "--config", str(config), "license", "issue", str(DATA / "applications.csv")]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([*command, "--out", str(out)], check=False, capture_output=True)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    made = sum(1 for _ in out.rglob("*.pdf"))
    yield Figure("licences issued, a CPU second", made / cpu, "1/s", "limit", ISSUE_LIMIT, "higher")
    yield Figure("licences issued, a second", made / wall, "1/s", "limit", ISSUE_LIMIT, "higher")


def _largest_node_process(ancestor: int) -> float:
    """Return the resident megabytes of the largest process below ``ancestor`` that serves a node."""
    parents = {pid: parent for pid, parent in _processes() if pid != ancestor}

    def below(pid: int) -> bool:
        while pid in parents:
            pid = parents[pid]
        return pid == ancestor

    found = [_resident(pid) for pid in parents if below(pid) and {b"service.cli", b"serve"} <= _arguments(pid)]
    return max(found, default=float("nan"))


def _processes() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            yield int(entry.name), int(stat.rpartition(")")[2].split()[1])


def _arguments(pid: int) -> set[bytes]:
    try:
        return set(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
    except OSError:
        return set()


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
