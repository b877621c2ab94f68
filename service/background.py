"""Does small things beside the requests of this process, a few at a time, so that nobody's page waits for somebody else's server.

Left to others: what must be done in any case (it stands in the database, and the worker does it).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

import structlog

_THREADS = 4
_WAITING = 64

_log = structlog.get_logger()


class Background:
    """A few threads. What comes when too much waits already is not done here."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="background")
        self._room = BoundedSemaphore(_WAITING)

    def __call__(self, act: Callable[[], object]) -> None:
        """Have ``act`` done soon, unless there is no room for it."""
        if self._room.acquire(blocking=False):
            self._pool.submit(self._do, act)

    def close(self) -> None:
        """Finish what was begun or waits."""
        self._pool.shutdown()

    def _do(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception:  # noqa: BLE001 - nobody waits for it; the worker does again what it left undone
            _log.exception("background_failed")
        finally:
            self._room.release()
