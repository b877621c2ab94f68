"""Fetching from one peer below its registered address, everything together within a time.

Left to others: HTTP (``http``), what is fetched (``visits``, ``objects``).
"""

from __future__ import annotations

from crosscert.errors import PEER_UNREACHABLE
from crosscert.ports import CrosscertDeps
from crosscert.records import Fetched
from kernel.clock import monotonic
from kernel.errors import Refusal
from kernel.nodes import Node

FETCH_SECONDS = 10.0
PEER_SECONDS = 20.0


class Fetching:
    """Fetches from one peer. With ``full`` nothing is left out as unchanged."""

    def __init__(self, deps: CrosscertDeps, node: Node, *, full: bool) -> None:
        self._deps = deps
        self._node = node
        self._full = full
        self._end = monotonic() + PEER_SECONDS

    def get(self, url: str, max_bytes: int, etag: str | None = None) -> Fetched:
        """Return what is there (no data: it is still what ``etag`` was for); ``Refusal(peer_unreachable)`` else."""
        left = min(FETCH_SECONDS, self._end - monotonic())
        if left <= 0:
            raise Refusal(PEER_UNREACHABLE, url=url, problem="too slow")
        asked = None if self._full else etag
        answer = self._deps.fetch.get(url, below=self._node.url, max_bytes=max_bytes, timeout=left, etag=asked)
        if answer.data is None and asked is None:
            raise Refusal(PEER_UNREACHABLE, url=url, problem="not modified since nothing")
        return answer
