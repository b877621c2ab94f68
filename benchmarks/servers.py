"""Servers under measurement: started as processes of their own, asked by wrk, charged for the CPU time that they use.

What counts is answers a second of *their* CPU time, read from /proc, so that the load generator and whatever else the machine does don't.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import need

_IN_TURN = """
local requests = {%s}
local place = 0
request = function()
  place = place %% #requests + 1
  return requests[place]
end
"""


@contextmanager
def served(
    command: Sequence[str], port: int, *, is_up: Callable[[], bool] | None = None, env: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the block ends; its process identifier."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        deadline = time.monotonic() + 30
        while not (is_up or (lambda: accepts(port)))():
            if process.poll() is not None or time.monotonic() > deadline:
                message = f"{command[0]} does not answer"
                raise RuntimeError(message)
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def accepts(port: int) -> bool:
    """Tell whether somebody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def raw_request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return the octets of a request on a kept connection."""
    length = {"Content-Length": str(len(body))} if method == "POST" else {}
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in (headers | length).items())]
    return "\r\n".join((*lines, "", "")).encode() + body


def in_turn(requests: Sequence[bytes]) -> str:
    """Return the wrk script that sends ``requests`` one after the other, again and again."""
    return _IN_TURN % ",".join('"' + "".join(f"\\{octet:03d}" for octet in request) + '"' for request in requests)


def ask(pid: int, port: int, script: str, *, seconds: int, warm_up: int = 1, connections: int = 32) -> float:
    """Return the answers a CPU second that wrk gets from the server ``pid`` on kept connections; all of them must be good."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [need("wrk", "wrk"), "-t1", f"-c{connections}", "-s", file.name, f"http://127.0.0.1:{port}/"]
        if warm_up:
            subprocess.run([*command, f"-d{warm_up}s"], check=True, capture_output=True)
        before = cpu_seconds(pid)
        told = subprocess.run([*command, f"-d{seconds}s"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    answers = next(int(line.split()[0]) for line in told.splitlines() if "requests in" in line)
    return answers / (cpu_seconds(pid) - before)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and those below it have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(child) for child in _children(pid))


def cpu_milliseconds_of(pid: int, act: Callable[[], object], *, seconds: float = 0.3) -> float:
    """Return the CPU milliseconds that one ``act`` costs this process and the server ``pid`` together, after a warm-up."""
    act()
    begun, count = time.process_time() + cpu_seconds(pid), 0
    while (spent := time.process_time() + cpu_seconds(pid) - begun) < seconds:
        act()
        count += 1
    return 1000 * spent / count


def megabytes(pid: int) -> float:
    """Return the memory of a process and those below it; what they share counts once."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    own = int(re.findall(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[0]) / 1024
    return own + sum(megabytes(child) for child in _children(pid))


def _children(pid: int) -> Sequence[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
