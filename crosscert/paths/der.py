"""Outsiders' DER is measured here before anything parses it.

The library that parses afterwards has no limits: it goes as deep as its input, reads a number of a hundred thousand octets bit by bit and
makes an object of everything. So nothing reaches it that is not DER (X.690 8 and 10) of a size and depth that certificates have.

Left to others: reading one element (``pki.der_reader``), what the elements mean (``certificates``, ``crls``, ``encodings``).
"""

from __future__ import annotations

from pki.der_reader import OID, SEQUENCE, SET, element, refuse

MAX_ELEMENTS = 2_000
"""In a certificate with its extensions, or a revocation list without its entries. One with a thousand names has half as many."""
MAX_DEPTH = 32
MAX_OID_OCTETS = 128
_CONSTRUCTED, _CLASS, _NUMBER = 0x20, 0xC0, 0x1F


def check_shape(data: bytes, left: int = MAX_ELEMENTS) -> int:
    """Look at every element of ``data``; return how many more there might be of ``left``. ``DerError`` as soon as one is not as DER has it.

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
            refuse("too many elements")
        if tag & _NUMBER == _NUMBER or (tag == OID and after - begin > MAX_OID_OCTETS):
            refuse("an absurd tag or object identifier")
        place = after
        if tag & _CONSTRUCTED:
            if not tag & _CLASS and tag not in {SEQUENCE, SET}:
                refuse("a value in pieces")
            if len(ends) > MAX_DEPTH:
                refuse("too deep")
            ends.append(after)
            place = begin
    return left
