"""Does something with each of many peers at the same time, so that a slow one delays nobody, and ends when its time is up.

Left to others: what is done (``sync``, ``push``, ``probes``), each of which limits how long one peer may take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Generic, Self, TypeVar

from kernel.clock import monotonic

AT_ONCE = 8

Result = TypeVar("Result")


class Together(Generic[Result]):
    """A run over many peers. Whoever has not been begun with when ``seconds`` are over is left for the next run."""

    def __init__(self, act: Callable[[str], Result], seconds: float) -> None:
        self._act = act
        self._end = monotonic() + seconds
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="peer")
        self._begun: dict[str, Future[Result | None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown()

    def begin(self, codes: Iterable[str]) -> None:
        """Begin with those that were not begun with yet."""
        for code in codes:
            if code not in self._begun:
                self._begun[code] = self._pool.submit(self._within, code)

    def wait(self, seconds: float) -> None:
        """Wait until all that were begun with are done, or for so long."""
        wait(self._begun.values(), timeout=seconds)

    def results(self) -> dict[str, Result]:
        """Wait for all and return how it went with each that had its turn."""
        found = {code: future.result() for code, future in self._begun.items()}
        return {code: result for code, result in found.items() if result is not None}

    def _within(self, code: str) -> Result | None:
        return self._act(code) if monotonic() < self._end else None
