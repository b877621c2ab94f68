"""A figure and what it is held against; the table that shows them; a clock that counts this process's CPU time."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

LIMITS_MACHINE = 50.0
"""Microseconds that the machine on which the limits were set takes for SHA-256 of 100 KB (``make bench`` prints this one's)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. ``against`` names a limit (``limit``) or who else was measured the same way; ``theirs`` is its figure."""

    name: str
    ours: float
    unit: str
    against: str
    theirs: float
    better: Literal["lower", "higher"] = "lower"

    @property
    def ratio(self) -> float:
        """How many times better ours is; below 1 it is worse."""
        if self.better == "higher":
            return self.ours / self.theirs
        return self.theirs / self.ours if self.ours else float("inf")

    def as_json(self) -> dict[str, Any]:
        """Return the figure for ``--json``."""
        return asdict(self) | {"ratio": round(self.ratio, 3)}


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines: name, ours, theirs, ratio."""
    width = max(len(figure.name) for figure in figures)
    lines = [f"{'':{width}}  {'ours':>10} {'unit':<12} {'theirs':>10}  {'ratio':>7}  held against"]
    for figure in figures:
        mark = " " if figure.ratio >= 1 else "!"
        lines.append(
            f"{figure.name:{width}}  {figure.ours:>10.2f} {figure.unit:<12} {figure.theirs:>10.2f}  "
            f"{figure.ratio:>6.2f}x{mark} {figure.against}"
        )
    return "\n".join(lines)


def machine_microseconds() -> float:
    """Return the CPU microseconds of a SHA-256 over 100 KB: how fast this machine is now, with whatever else runs on it."""
    data = bytes(100_000)
    return 1000 * cpu_milliseconds(lambda: hashlib.sha256(data).digest(), rounds=3, seconds=0.1)


def slower() -> float:
    """Return how many times as long as on the limits' machine things take on this one now."""
    return machine_microseconds() / LIMITS_MACHINE


def cpu_milliseconds(act: Callable[[], object], *, rounds: int = 7, seconds: float = 0.3) -> float:
    """Return the CPU milliseconds of one ``act``: the median over rounds of at least ``seconds`` each, after a warm-up."""
    act()
    measured = []
    for _ in range(rounds):
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < seconds:
            act()
            count += 1
        measured.append(1000 * spent / count)
    return statistics.median(measured)


def cpu_milliseconds_each(act: Callable[[Any], object], things: Sequence[Any]) -> float:
    """Return the median CPU milliseconds of ``act`` over ``things``, each met once: nothing is known beforehand of any of them."""
    act(things[0])
    measured = []
    for thing in things[1:]:
        start = time.process_time()
        act(thing)
        measured.append(1000 * (time.process_time() - start))
    return statistics.median(measured)
