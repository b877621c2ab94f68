"""A strict reader of DER (X.690), written apart from the library that writes our certificates so that one checks the other.

It knows encodings only: definite lengths in their shortest form, canonical primitives, sorted sets, nesting within bounds.

Left to others: what the structures mean (``lint``), how much of an outsider's there may be (``crosscert.paths.der``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, TypeAlias

Element: TypeAlias = tuple[int, bytes]
"""Tag and content."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, UTF8 = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C
PRINTABLE, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x13, 0x17, 0x18, 0x30, 0x31

_MAX_DEPTH = 24
_MAX_LENGTH_OCTETS = 4
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
        refuse(f"expected one element with tag {tag:#04x}")
    return found[0][1]


def refuse(problem: str) -> NoReturn:
    """Raise ``DerError``."""
    raise DerError(problem)


def element(data: bytes, place: int, end: int) -> tuple[int, int, int]:
    """Return tag, begin and end of the content of the element at ``place``; ``DerError`` when it does not end by ``end``."""
    if place + 2 > end:
        refuse("an element breaks off")
    tag, length, begin = data[place], data[place + 1], place + 2
    if length >= _LONG:
        octets = length - _LONG
        begin += octets
        length = int.from_bytes(data[begin - octets : begin], "big") if octets <= _MAX_LENGTH_OCTETS else 0
        # One octet for what would fit into none, a zero in front, the indefinite form: none is DER (X.690 10.1).
        if length < _LONG or length >> 8 * (octets - 1) == 0:
            refuse("a length is indefinite, absurd or not in its shortest form")
    if begin + length > end:
        refuse("an element is longer than what holds it")
    return tag, begin, begin + length


def elements(content: bytes, *, most: int | None = None) -> list[Element]:
    """Return the elements that ``content`` consists of, or the first of them; what is inside of them is not looked at."""
    found: list[Element] = []
    place, end = 0, len(content)
    while place < end and len(found) != most:
        tag, begin, place = element(content, place, end)
        if tag & _MULTIBYTE == _MULTIBYTE:
            refuse("a tag that does not belong here")
        found.append((tag, content[begin:place]))
    return found


def check(content: bytes, *, depth: int = 0) -> None:
    """Refuse anything in ``content``, all the way down, that is not encoded canonically (``DerError``)."""
    if depth > _MAX_DEPTH:
        refuse("nested too deeply")
    for tag, inside in elements(content):
        if tag & _CONSTRUCTED:
            if tag == SET:
                _check_set(inside)
            check(inside, depth=depth + 1)
        elif (fault := _PRIMITIVES.get(tag, _accept)(inside)) is not None:
            refuse(fault)


def _check_set(content: bytes) -> None:
    encoded, place = [], 0
    while place < len(content):
        _, _, after = element(content, place, len(content))
        encoded.append(content[place:after])
        place = after
    if encoded != sorted(encoded):  # X.690 11.6
        refuse("a set that is not sorted")


def _accept(_content: bytes) -> None:
    return None


def _boolean(content: bytes) -> str | None:
    return None if content == b"\xff" else "a boolean that is neither absent nor TRUE"  # X.690 11.5: FALSE is the default


def is_padded(content: bytes) -> bool:
    """Tell whether an INTEGER has more octets than it needs, or none at all (X.690 8.3)."""
    return not content or (len(content) > 1 and (content[0], content[1] >> 7) in {(0, 0), (0xFF, 1)})


def _integer(content: bytes) -> str | None:
    return "an integer that is not in its shortest form" if is_padded(content) else None


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
