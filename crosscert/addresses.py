"""What a node's base URL may look like: this node's own and, since others name them, everybody else's.

Left to others: what is asked below one (``http``), where names lead to (``http``, when it connects).
"""

from __future__ import annotations

from urllib.parse import urlsplit


def find_url_fault(url: str) -> str | None:
    """Return what keeps an address from being a node's base URL, or None: whatever the node publishes is written behind it."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "not an address"
    if not is_whole or parts.username is not None or {"?", "#", "\\"} & set(url) or parts.scheme not in {"http", "https"}:
        return "an https address without user, query or fragment"
    if parts.scheme == "http" and not is_on_this_machine(url):
        return "http only on this machine, https everywhere else"
    return None


def is_on_this_machine(url: str) -> bool:
    """Tell whether an address names this machine itself, as in a federation that is only shown or tested."""
    return names_this_machine(urlsplit(url).hostname or "")


def names_this_machine(host: str) -> bool:
    """Tell whether a host's name or number is this machine's own."""
    return host in {"localhost", "127.0.0.1", "::1"}
