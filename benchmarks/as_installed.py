"""A module run as it runs where a node is installed: without the packages that only developing needs.

Some libraries load others where they find them: structlog would take rich, with pygments 7 MB, for tracebacks on a terminal. Run as
``python -m benchmarks.as_installed MODULE …``.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Collection
from importlib.metadata import packages_distributions
from pathlib import Path

_LOCKS = Path(__file__).parents[1] / "requirements"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def only_for_developing() -> Collection[str]:
    """Return the top-level modules of the packages that stand in the developers' lock alone."""
    base, dev = ({_normal(name) for name in _LOCKED.findall((_LOCKS / f"{lock}.txt").read_text())} for lock in ("base", "dev"))
    found = packages_distributions().items()
    return [module for module, packages in found if {_normal(name) for name in packages} <= dev - base]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    for left_out in only_for_developing():
        sys.modules[left_out] = None  # type: ignore[assignment]  # what the import system takes for "not there"
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
