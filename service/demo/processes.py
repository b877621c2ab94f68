"""The demo's processes: started together, watched, stopped together, even when the one that started them is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from kernel.clock import monotonic

STOP_SECONDS = 15.0


class ProcessDied(RuntimeError):  # noqa: N818 - says what happened
    """A process of the demo ended by itself."""


class Processes:
    """A group of child processes, each with a log file, that ends as one."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        # The kernel ends a child whose parent was killed, so that a later start finds its ports free.
        setpriv = shutil.which("setpriv")
        self._prefix = [setpriv, "--pdeathsig", "TERM"] if setpriv else []

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self, name: str, module: str, *arguments: str, environment: Mapping[str, str]) -> None:
        """Start ``python -m module arguments`` as ``name``; its output goes to ``<name>.log``."""
        with (self._logs / f"{name}.log").open("ab") as log:
            self._children[name] = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [*self._prefix, sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise :class:`ProcessDied` naming the first process that has ended, with the last line of its log."""
        for name, child in self._children.items():
            if child.poll() is not None:
                lines = (self._logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
                message = f"{name} ended with {child.returncode}: {lines[-1] if lines else 'no output'} ({self._logs / name}.log)"
                raise ProcessDied(message)

    def wait_until_answering(self, urls: Sequence[str], *, seconds: float) -> None:
        """Wait until every address of ``urls`` answers 200; :class:`ProcessDied` when a process ends or the time is over."""
        deadline = monotonic() + seconds
        for url in urls:
            while not _answers(url):
                self.check()
                if monotonic() > deadline:
                    message = f"{url} did not answer within {seconds:.0f} s"
                    raise ProcessDied(message)
                time.sleep(0.1)

    def watch(self) -> None:
        """Return never, but raise :class:`ProcessDied` as soon as a process ends."""
        while True:
            self.check()
            time.sleep(1)

    def stop(self) -> None:
        """Ask all to stop, and end those that do not."""
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = monotonic() + STOP_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.1, deadline - monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)  # with a server's web processes, which would go on answering without it
                child.wait()
        self._children.clear()


def _answers(url: str) -> bool:
    try:
        return bool(requests.get(url, timeout=2).ok)
    except requests.RequestException:
        return False
