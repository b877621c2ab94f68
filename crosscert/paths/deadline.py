"""A budget of work that holds: asked at every step of a search, so that no input keeps the engine busy for longer.

It is the thread's own working time that counts: the engine waits for nothing, and a verdict must not depend on who else uses the machine.
"""

from __future__ import annotations

from kernel.clock import thread_seconds


class OutOfTime(Exception):  # noqa: N818 - named for what happened
    """The budget is used up."""


class Deadline:
    """An end for the work on a path, in seconds of this thread's working time."""

    def __init__(self, seconds: float) -> None:
        self._end = thread_seconds() + seconds

    def check(self) -> None:
        """Go on, or raise ``OutOfTime``."""
        if thread_seconds() >= self._end:
            raise OutOfTime

    def remaining(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(0.0, self._end - thread_seconds())
