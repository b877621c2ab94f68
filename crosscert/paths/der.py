"""DER read as far as it takes to know that the parser proper will not choke on it: outsiders' bytes come here first.

The library that parses afterwards has no limits: it goes as deep as its input, reads a number of a hundred thousand octets bit by bit and
makes an object of everything. So nothing reaches it that is not DER (X.690 8 and 10) of a size and depth that certificates have.

Left to others: what the elements mean (``certificates``, ``crls``, ``encodings``).
"""

from __future__ import annotations

from typing import NoReturn

INTEGER, OCTETS, OID, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x30, 0x31
BOOLEAN, UTC_TIME, GENERALIZED_TIME = 0x01, 0x17, 0x18

MAX_ELEMENTS = 2_000
"""In a certificate with its extensions, or a revocation list without its entries. One with a thousand names has half as many."""
MAX_DEPTH = 32
MAX_OID_OCTETS = 128
_LONG = 0x80
_MAX_LENGTH_OCTETS = 4
_CONSTRUCTED, _CLASS, _NUMBER = 0x20, 0xC0, 0x1F


class Malformed(ValueError):  # noqa: N818 - named for what the bytes are
    """The bytes are not DER, or absurd."""


def malformed(problem: str) -> NoReturn:
    """Raise ``Malformed`` with its problem."""
    raise Malformed(problem)


def element(data: bytes, place: int, end: int) -> tuple[int, int, int]:
    """Return tag, begin and end of the contents of the DER element at ``place``; ``Malformed`` when it does not end by ``end``."""
    if place + 2 > end:
        malformed("an element breaks off")
    tag, length, begin = data[place], data[place + 1], place + 2
    if length >= _LONG:
        octets = length - _LONG
        begin += octets
        length = int.from_bytes(data[begin - octets : begin], "big") if octets <= _MAX_LENGTH_OCTETS else 0
        if length < _LONG or length >> 8 * (octets - 1) == 0:
            malformed("a length is indefinite, absurd or not in its shortest form")
    if begin + length > end:
        malformed("an element is longer than what holds it")
    return tag, begin, begin + length


def check_shape(data: bytes, left: int = MAX_ELEMENTS) -> int:
    """Look at every element of ``data``; return how many more there might be of ``left``. ``Malformed`` as soon as one is not as DER has it.

    Work is bounded by ``left``, whatever the size.
    """
    place, ends = 0, [len(data)]
    while ends:
        if place == ends[-1]:
            ends.pop()
            continue
        tag, begin, after = element(data, place, ends[-1])
        left -= 1
        if left < 0:
            malformed("too many elements")
        if tag & _NUMBER == _NUMBER or (tag == OID and after - begin > MAX_OID_OCTETS):
            malformed("an absurd tag or object identifier")
        place = after
        if tag & _CONSTRUCTED:
            if not tag & _CLASS and tag not in {SEQUENCE, SET}:
                malformed("a value in pieces")
            if len(ends) > MAX_DEPTH:
                malformed("too deep")
            ends.append(after)
            place = begin
    return left


def is_padded(octets: bytes) -> bool:
    """Tell whether an INTEGER has more octets than it needs, or none at all (X.690 8.3)."""
    return not octets or (len(octets) > 1 and (octets[0], octets[1] >> 7) in {(0, 0), (0xFF, 1)})
