"""The packaged policies, read once a test process: reading them is most of what a small test costs, and nothing can change them."""

from __future__ import annotations

from functools import cache

from policies.loader import load
from policies.models import Policies


@cache
def packaged() -> Policies:
    """Return what ``load(None)`` does."""
    return load(None)
