"""One byte form for one value: RFC 8785 canonical JSON, and its digest. What is hashed or signed goes through here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import rfc8785

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def canonical(value: Json) -> bytes:
    """Return the RFC 8785 form of ``value``; ``ValueError`` for what JSON cannot carry exactly."""
    return rfc8785.dumps(value)


def digest(value: Json) -> bytes:
    """Return the SHA-256 of the canonical form (32 octets)."""
    return hashlib.sha256(canonical(value)).digest()
