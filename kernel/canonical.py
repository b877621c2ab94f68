"""One byte form for one value: RFC 8785 canonical JSON, and its digest. What is hashed or signed goes through here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import rfc8785

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

_EXACT = 2**53 - 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))


def canonical(value: Json) -> bytes:
    """Return the RFC 8785 form of ``value``; ``ValueError`` for what JSON cannot carry exactly."""
    return _ENCODER.encode(value).encode() if _is_plain(value) else rfc8785.dumps(value)


def digest(value: Json) -> bytes:
    """Return the SHA-256 of the canonical form (32 octets)."""
    return hashlib.sha256(canonical(value)).digest()


def _is_plain(value: object) -> bool:
    """Tell whether the interpreter's own encoder, a tenth of the cost, writes ``value`` in the canonical form.

    It does but for fractions (RFC 8785 3.2.2.3) and for the order of names beyond ASCII (3.2.3). What may have to be refused is left to the other.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_EXACT <= value <= _EXACT  # type: ignore[operator]  # it is an integer
    if kind is dict:
        members: Mapping[Any, object] = value  # type: ignore[assignment]  # it is one
        if set(map(type, members)) - {str} or not "".join(members).isascii():
            return False
        value = members.values()
    elif kind is not list and kind is not tuple:
        return False
    for one in value:  # type: ignore[attr-defined]  # it is one of these  # noqa: SIM110 - a generator takes a call for each
        if not (type(one) is str or _is_plain(one)):
            return False
    return True
