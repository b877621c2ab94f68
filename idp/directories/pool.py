"""A few connections to one directory, kept between logins, to the first of its servers that answers.

A server that failed is left in peace for a moment: while a directory is away, a login is told so at once instead of waiting for it, and
no more than ``size`` wait at a time. Left to others: what is asked (``ldap``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from crosscert.directory.channel import Channel
from crosscert.errors import DIRECTORY_UNREACHABLE
from kernel.clock import monotonic
from kernel.errors import ChaoxinError, Refusal

Answer = TypeVar("Answer")

_IDLE_SECONDS = 60.0
_WAIT_SECONDS = 0.5
"""Whoever waits keeps a thread from serving others."""


class Pool:
    """``connect`` opens a connection to one address and proves there who is asking."""

    def __init__(self, urls: Sequence[str], connect: Callable[[str], Channel], *, size: int, rest_seconds: float) -> None:
        self._urls = tuple(urls)
        self._connect = connect
        self._rest = rest_seconds
        self._slots = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Channel]] = []
        self._failed: dict[str, float] = {}

    def use(self, act: Callable[[Channel], Answer]) -> Answer:
        """Return what ``act``, which only reads, makes of a connection; one that was kept and turns out to be dead is replaced."""
        with self._turn():
            kept = self._take()
            if kept is not None:
                try:
                    return self._keep(kept, act)
                except ChaoxinError:
                    self.close()  # its like are as old
            return self.fail_over(lambda url: self._keep(self._connect(url), act))

    def ask(self, act: Callable[[str], Answer]) -> Answer:
        """Return what ``act`` makes of the first address that answers, among no more at once than there may be."""
        with self._turn():
            return self.fail_over(act)

    def fail_over(self, act: Callable[[str], Answer]) -> Answer:
        """Return what ``act`` makes of the first address that answers; ``Refusal`` when none does."""
        refusal = Refusal(DIRECTORY_UNREACHABLE, url=self._urls[0], problem="it was away a moment ago")
        for url in self._urls:
            if monotonic() < self._failed.get(url, 0.0):
                continue
            try:
                return act(url)
            except Refusal as raised:
                self._failed[url] = monotonic() + self._rest
                refusal = raised
        raise refusal

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=_WAIT_SECONDS):
            raise Refusal(DIRECTORY_UNREACHABLE, url=self._urls[0], problem="too many are waiting for it")
        try:
            yield
        finally:
            self._slots.release()

    def _keep(self, channel: Channel, act: Callable[[Channel], Answer]) -> Answer:
        try:
            answer = act(channel)
        except BaseException:
            channel.close()
            raise
        with self._lock:
            self._idle.append((monotonic(), channel))
        return answer

    def _take(self) -> Channel | None:
        with self._lock:
            while self._idle:
                since, channel = self._idle.pop()
                if monotonic() - since < _IDLE_SECONDS:
                    return channel
                channel.close()
        return None

    def close(self) -> None:
        """Close what is kept."""
        with self._lock:
            while self._idle:
                self._idle.pop()[1].close()
