"""Finds the programs that tests run for real. What is not there fails by name: a test is never skipped for want of a server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_MORE = ("/usr/sbin", "/usr/local/sbin", "/sbin")


def need(program: str, package: str) -> str:
    """Return the path of ``program``, or fail the test saying which Debian package has it."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_MORE))
    found = shutil.which(program, path=path)
    if found is None:
        pytest.fail(f"{program} is not installed (Debian package {package}; scripts/install-system-packages.sh)", pytrace=False)
    return found


def need_postgresql(program: str) -> str:
    """Return the path of a PostgreSQL program of the newest installed version (Debian keeps them out of PATH)."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    for folder in reversed(folders):
        if (folder / program).is_file():
            return str(folder / program)
    return need(program, "postgresql")
