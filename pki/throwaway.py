"""Keys that sign what is only looked at: one a process for each kind, never stored, certified by nobody.

Left to others: looking (``lint``), the signature that counts (``signing``).
"""

from __future__ import annotations

from functools import lru_cache

from pki.certificates import algorithm_of
from pki.keyfiles import generate
from pki.records import PrivateKey
from policies.models import KeyAlgorithm


@lru_cache(maxsize=4)
def throwaway(algorithm: KeyAlgorithm) -> PrivateKey:
    """Return this process's key of a kind; its signatures look like those of a CA's key of that kind."""
    return generate(algorithm)


def throwaway_like(key: PrivateKey) -> PrivateKey:
    """Return the throwaway key of the same kind as ``key``; ``ValueError`` for a kind that signs nothing here."""
    algorithm = algorithm_of(key.public_key())
    if algorithm is None:
        message = "a key of a kind that signs nothing here"
        raise ValueError(message)
    return throwaway(algorithm)
