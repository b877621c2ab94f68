"""A writer of DER for the few structures that are signed by the thousand. asn1crypto writes the rest, and reads everything.

Left to others: what the structures mean (``cms``, ``tsa``, ``crl_der``, ``ocsp_der``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

NULL = b"\x05\x00"

_SHORT = 0x80


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return tag, definite length in its shortest form, and content."""
    content = b"".join(parts)
    return _head(tag, len(content)) + content


def long_sequence(*parts: bytes) -> bytes:
    """Do as :func:`sequence` for parts of megabytes: they are copied once."""
    return b"".join((_head(0x30, sum(map(len, parts))), *parts))


def _head(tag: int, length: int) -> bytes:
    if length < _SHORT:
        return bytes((tag, length))
    size = (length.bit_length() + 7) // 8
    return bytes((tag, _SHORT | size)) + length.to_bytes(size, "big")


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of encoded parts."""
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """Return a SET OF encoded parts in the order that DER wants (X.690 11.6)."""
    return tlv(0x31, *sorted(parts))


def octets(data: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tlv(0x04, data)


def integer(value: int) -> bytes:
    """Return an INTEGER that is not negative."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def explicit(number: int, *parts: bytes) -> bytes:
    """Return parts under the constructed context tag [number], which serves for IMPLICIT SET and SEQUENCE content too."""
    return tlv(0xA0 | number, *parts)


def generalized_time(moment: datetime) -> bytes:
    """Return a GeneralizedTime in UTC to the second."""
    return tlv(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def utc_time(moment: datetime) -> bytes:
    """Return a UTCTime to the second: for the years 1950 to 2049."""
    return tlv(0x17, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER; arcs of any size (2.25 arcs have 128 bits)."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, *(_base128(arc) for arc in (first * 40 + second, *rest)))


def _base128(arc: int) -> bytes:
    found = [arc & 0x7F]
    while arc := arc >> 7:
        found.append(0x80 | (arc & 0x7F))
    return bytes(reversed(found))
