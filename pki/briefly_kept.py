"""What was read of certificates and lists, kept for a moment: what is sealed by the thousand is not read anew for each.

Kept under the generation of the statuses, so that a revocation by any process ends it at once, and for a minute at most, so that newer
lists and renewed certificates come into use. Left to others: what is read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar, cast

from pki.ports import PkiDeps

KEPT = timedelta(minutes=1)
_MOST = 10_000

Found = TypeVar("Found")


def kept_while(deps: PkiDeps, name: str, read: Callable[[], Found]) -> Found:
    """Return what ``read`` returned when it was last asked for under ``name``, as long as that may still be so. None is not kept."""
    now, generation = deps.clock.now(), deps.generation(deps.work)
    shelf = deps.kept.setdefault("briefly", {})
    held = shelf.get(name)
    if held is not None and held[0] == generation and timedelta(0) <= now - held[1] < KEPT:
        return cast("Found", held[2])
    found = read()
    if found is not None:
        while len(shelf) >= _MOST:
            shelf.pop(next(iter(shelf)), None)
        shelf[name] = generation, now, found
    return found
