"""How random values that prove something (codes, tokens, cookies) are stored: as SHA-256. They are 256 bits, so no salt is needed."""

from __future__ import annotations

import hashlib


def digest(value: str) -> bytes:
    """Return the stored form of a code, a token or a cookie's value."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
