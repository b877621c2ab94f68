"""JSON and base64url from outside, taken strictly: one form for one value, and nothing but a refusal when it is another.

Left to others: what the members mean.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any, NoReturn

from kernel.errors import ErrorCode, Refusal

_BASE64URL = re.compile(rb"[A-Za-z0-9_-]*")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def encode_base64url(data: bytes) -> str:
    """Return ``data`` in base64url without padding (RFC 7515 2)."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode()


def decode_base64url(text: bytes, code: ErrorCode) -> bytes:
    """Return what ``text`` (unpadded base64url, RFC 7515 2) encodes; ``Refusal(code)`` for any other character or a second spelling.

    The standard library drops characters it doesn't know and ignores surplus bits, so one signature would have many spellings.
    """
    try:
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise Refusal(code, problem="base64url") from None
    if not _BASE64URL.fullmatch(text) or encode_base64url(data).encode() != text:
        raise Refusal(code, problem="base64url")
    return data


def parse_object(data: bytes, code: ErrorCode) -> dict[str, Any]:
    """Return the JSON object in ``data``; ``Refusal(code)`` for duplicate members, NaN, infinities, lone surrogates, depth."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse_constant, parse_float=_parse_float
        )
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):  # UnicodeError and JSONDecodeError are ValueErrors; so is an integer of 4,301 digits
        raise Refusal(code, problem="JSON") from None
    if not isinstance(value, dict):
        raise Refusal(code, problem="not a JSON object")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a member appears twice"
        raise ValueError(message)
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _parse_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
