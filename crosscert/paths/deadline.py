"""A time budget that holds: asked at every step of a search, so that no input keeps the engine busy for longer."""

from __future__ import annotations

from kernel.clock import monotonic


class OutOfTime(Exception):  # noqa: N818 - named for what happened
    """The time budget is used up."""


class Deadline:
    """A moment on the monotonic clock after which work on a path stops."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    def check(self) -> None:
        """Go on, or raise ``OutOfTime``."""
        if monotonic() >= self._end:
            raise OutOfTime

    def remaining(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(0.0, self._end - monotonic())
