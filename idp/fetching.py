"""Documents of clients from addresses that they registered: request objects, keys, sectors. Anybody can make us ask for one.

So a slow server of one client never holds up the others: the time is short, and only so many threads of a process ever wait.
Left to others: which addresses may be asked (the callers), the connection and where it may end (the ``Fetcher``).
"""

from __future__ import annotations

from threading import BoundedSemaphore
from urllib.parse import urldefrag, urlsplit

from idp.oauth_errors import REQUEST_URI_BUSY
from idp.ports import IdpDeps
from kernel.errors import Refusal

_SECONDS = 3.0
_AT_ONCE = BoundedSemaphore(4)


def fetch(deps: IdpDeps, uri: str, *, max_bytes: int) -> bytes:
    """Return what ``uri`` holds; ``Refusal(peer_unreachable)``, or ``Refusal(oauth_request_uri_busy)`` while too many wait."""
    if not _AT_ONCE.acquire(blocking=False):
        raise Refusal(REQUEST_URI_BUSY)
    parts = urlsplit(uri)
    try:
        below = f"{parts.scheme}://{parts.netloc}"
        return deps.fetch.get(urldefrag(uri).url, below=below, max_bytes=max_bytes, timeout=_SECONDS).data or b""
    finally:
        _AT_ONCE.release()
