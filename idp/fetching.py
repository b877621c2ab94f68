"""Documents of clients from addresses that they registered: request objects, keys, sectors. Anybody can make us ask for one.

So a slow server of one client never holds up the others: the time is short, of each host one document is on its way at a time, and only
so many threads of a process ever wait. Left to others: which addresses may be asked, and how often one (the callers), the connection and
where it may end (the ``Fetcher``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from urllib.parse import urldefrag, urlsplit

from idp.oauth_errors import REQUEST_URI_BUSY
from idp.ports import IdpDeps
from kernel.errors import Refusal
from kernel.limiter import SlidingWindow

_SECONDS = 3.0
_AT_ONCE = 4
_ASKED: set[str] = set()
"""The hosts from which a document is on its way to this process."""
_LOCK = Lock()


def fetch(deps: IdpDeps, uri: str, *, max_bytes: int, window: SlidingWindow | None = None) -> bytes:
    """Return what ``uri`` holds; ``Refusal(peer_unreachable)``.

    ``Refusal(oauth_request_uri_busy)`` while too many wait, or where ``window`` says that this address was asked too often: only what is
    really asked counts.
    """
    address, parts = urldefrag(uri).url, urlsplit(uri)
    with _slot(parts.netloc.lower()):
        if window is not None and window.take(address, deps.clock.now()) > 0:
            raise Refusal(REQUEST_URI_BUSY)
        below = f"{parts.scheme}://{parts.netloc}"
        return deps.fetch.get(address, below=below, max_bytes=max_bytes, timeout=_SECONDS).data or b""


@contextmanager
def _slot(host: str) -> Iterator[None]:
    with _LOCK:
        if host in _ASKED or len(_ASKED) >= _AT_ONCE:
            raise Refusal(REQUEST_URI_BUSY)
        _ASKED.add(host)
    try:
        yield
    finally:
        with _LOCK:
            _ASKED.discard(host)
