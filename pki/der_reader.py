"""A strict reader of DER (X.690), written apart from the library that writes our certificates so that one checks the other.

It knows encodings only: definite lengths in their shortest form, canonical primitives, sorted sets, nesting within bounds.

Left to others: what the structures mean (``lint``), other people's certificates (``crosscert.paths``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

Element: TypeAlias = tuple[int, bytes]
"""Tag and content."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, UTF8 = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C
PRINTABLE, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x13, 0x17, 0x18, 0x30, 0x31

_MAX_DEPTH = 24
_LONG, _CONSTRUCTED, _MULTIBYTE = 0x80, 0x20, 0x1F
_TIMES = {UTC_TIME: re.compile(rb"[0-9]{12}Z"), GENERALIZED_TIME: re.compile(rb"[0-9]{14}Z")}
_ARCS = re.compile(rb"(?:(?!\x80)[\x80-\xff]*[\x00-\x7f])+")  # X.690 8.19.2: no arc starts with a zero
_PRINTABLE = re.compile(rb"[A-Za-z0-9 '()+,./:=?-]*")


class DerError(ValueError):
    """The bytes are not DER; the message says why."""


def read(der: bytes, tag: int) -> bytes:
    """Return the content of the one element that ``der`` is; ``DerError`` when it is another, or more than one."""
    found = elements(der)
    if len(found) != 1 or found[0][0] != tag:
        message = f"expected one element with tag {tag:#04x}"
        raise DerError(message)
    return found[0][1]


def elements(content: bytes, *, most: int | None = None) -> list[Element]:
    """Return the elements that ``content`` consists of, or the first of them; what is inside of them is not looked at."""
    found: list[Element] = []
    position, end = 0, len(content)
    while position < end and len(found) != most:
        tag = content[position]
        if tag & _MULTIBYTE == _MULTIBYTE or position + 2 > end:
            message = "a tag or a length that does not belong here"
            raise DerError(message)
        length = content[position + 1]
        position += 2
        if length >= _LONG:
            octets = length & ~_LONG
            length = int.from_bytes(content[position : position + octets], "big")
            # One octet for what would fit into none, a zero in front, the indefinite form: none is DER (X.690 10.1).
            if not 1 <= octets <= 4 or length < _LONG or length >> (8 * (octets - 1)) == 0:  # noqa: PLR2004 - 4 GB are plenty
                message = "a length that is not in its shortest form"
                raise DerError(message)
            position += octets
        if position + length > end:
            message = "longer than what it stands in"
            raise DerError(message)
        found.append((tag, content[position : position + length]))
        position += length
    return found


def check(content: bytes, *, depth: int = 0) -> None:
    """Refuse anything in ``content``, all the way down, that is not encoded canonically (``DerError``)."""
    if depth > _MAX_DEPTH:
        message = "nested too deeply"
        raise DerError(message)
    for tag, inside in elements(content):
        if tag & _CONSTRUCTED:
            if tag == SET:
                _check_set(inside)
            check(inside, depth=depth + 1)
        elif (fault := _PRIMITIVES.get(tag, _accept)(inside)) is not None:
            raise DerError(fault)


def _check_set(content: bytes) -> None:
    encoded, position = [], 0
    for _, inside in elements(content):
        size = len(inside)
        head = 2 if size < _LONG else 2 + (size.bit_length() + 7) // 8
        encoded.append(content[position : position + head + size])
        position += head + size
    if encoded != sorted(encoded):  # X.690 11.6
        message = "a set that is not sorted"
        raise DerError(message)


def _accept(_content: bytes) -> None:
    return None


def _boolean(content: bytes) -> str | None:
    return None if content == b"\xff" else "a boolean that is neither absent nor TRUE"  # X.690 11.5: FALSE is the default


def _integer(content: bytes) -> str | None:
    minimal = len(content) == 1 or (len(content) > 1 and not (content[0] in {0, 0xFF} and (content[0] ^ content[1]) < _LONG))
    return None if minimal else "an integer that is not in its shortest form"


def _bits(content: bytes) -> str | None:
    unused = content[0] if content else 8
    sound = unused < 8 and (len(content) > 1 or unused == 0) and not content[-1] & ((1 << unused) - 1)  # noqa: PLR2004 - bits
    return None if sound else "a bit string whose unused bits are not zero"


def _null(content: bytes) -> str | None:
    return "a null with content" if content else None


def _oid(content: bytes) -> str | None:
    return None if _ARCS.fullmatch(content) else "an object identifier that is not canonical"


def _utf8(content: bytes) -> str | None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "text that is not UTF-8"
    return None


def _printable(content: bytes) -> str | None:
    return None if _PRINTABLE.fullmatch(content) else "a PrintableString with other characters"


def _time(tag: int) -> Callable[[bytes], str | None]:
    # RFC 5280 4.1.2.5: seconds are there, the zone is Z
    return lambda content: None if _TIMES[tag].fullmatch(content) else "a moment that is not written as RFC 5280 wants it"


_PRIMITIVES: dict[int, Callable[[bytes], str | None]] = {
    BOOLEAN: _boolean,
    INTEGER: _integer,
    BIT_STRING: _bits,
    NULL: _null,
    OID: _oid,
    UTF8: _utf8,
    PRINTABLE: _printable,
    UTC_TIME: _time(UTC_TIME),
    GENERALIZED_TIME: _time(GENERALIZED_TIME),
}
