"""How long answers take while a server has four fifths of the work that it can do: the last of a hundred beside the middle one."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.servers import in_turn
from tests.support.programs import need

LOAD = 0.8
LIMIT = 5.0
_SECONDS = 5
_CONNECTIONS = 64
_AT_ANY_MOMENT = """
function delay()
  return -math.log(1 - math.random()) * %f
end
"""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def measure_latency(what: str, port: int, request: bytes) -> Iterator[Figure]:
    """Find out how much the server can do, then send it four fifths of that at moments that know nothing of each other."""
    script = in_turn([request])
    able = float(re.findall(r"Requests/sec:\s+([\d.]+)", _wrk(port, script, 8))[0])
    told = _wrk(port, script + _AT_ANY_MOMENT % (1000 * _CONNECTIONS / (LOAD * able)), _CONNECTIONS)
    middle, last = (_milliseconds(told, share) for share in ("50", "99"))
    yield Figure(f"{what}, 99th of 100 at {LOAD:.0%} load, to {LIMIT} of the median", last, "ms", "limit", LIMIT * middle)


def _wrk(port: int, script: str, connections: int) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [need("wrk", "wrk"), "-t1", f"-c{connections}", f"-d{_SECONDS}s", "--latency", "-s", file.name]
        return subprocess.run([*command, f"http://127.0.0.1:{port}/"], check=True, capture_output=True, text=True).stdout


def _milliseconds(told: str, share: str) -> float:
    number, unit = re.findall(rf"^\s+{share}%\s+([\d.]+)(us|ms|s)$", told, re.MULTILINE)[0]
    return float(number) * _UNITS[unit]
