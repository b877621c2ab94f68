"""The strict form of DER (X.690) and of a CMS SignedData, octet by octet: what parsers pass over is found here.

A signature value is not covered by the signature, so a form with room for something else is a place to hide it. Left to others: what
the elements mean (``signatures``).
"""

from __future__ import annotations

_MAX_DEPTH = 24
_HIGH_TAG = 0x1F
_CONTENT_INFO = (0x06, 0xA0)
_SIGNED_DATA = (0x02, 0x31, 0x30, 0xA0, 0x31)
_SIGNER_INFO = (0x02, 0x30, 0x30, 0xA0, 0x30, 0x04, 0xA1)
_Element = tuple[int, int, int]
"""An element's tag, and where its content begins and ends."""


class NotDer(ValueError):  # noqa: N818 - says what somebody else's bytes are
    """These bytes are not one DER element of the form that is wanted."""


def element_length(data: bytes) -> int:
    """Return the length of the DER element that ``data`` starts with, header included; :class:`NotDer` when it starts with none."""
    header, length = _header(data, 0, len(data))
    return header + length


def _header(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the lengths of header and content of the DER element at ``start``; :class:`NotDer` for what DER forbids."""
    first = start + 1
    if first >= end or data[start] & _HIGH_TAG == _HIGH_TAG:  # such tag numbers occur nowhere in CMS
        raise NotDer
    length = data[first]
    if length < 0x80:  # noqa: PLR2004 - X.690 8.1.3.4: the short form
        header = 2
    else:
        count = length & 0x7F
        if not 1 <= count <= 4 or first + count >= end:  # noqa: PLR2004 - four octets say 4 GB
            raise NotDer
        length = int.from_bytes(data[first + 1 : first + 1 + count], "big")
        header = 2 + count
        if length < 0x80 or length >> (8 * (count - 1)) == 0:  # noqa: PLR2004 - X.690 10.1: the shortest form
            raise NotDer
    if start + header + length > end:
        raise NotDer
    return header, length


def check_shape(der: bytes) -> None:
    """Refuse (:class:`NotDer`) a SignedData with elements that RFC 5652 does not have, which the parser would pass over."""
    (content_info,) = _children(der, 0, len(der))
    signed_data = _only(der, _named(der, content_info, _CONTENT_INFO)[1])
    signer_infos = _named(der, signed_data, _SIGNED_DATA)[4]
    signer = _only(der, signer_infos)
    tags = _SIGNER_INFO if len(_children(der, *signer[1:])) == len(_SIGNER_INFO) else _SIGNER_INFO[:-1]
    _, sid, digest, _, algorithm, *rest = _named(der, signer, tags)
    _named(der, sid, (0x30, 0x02))
    for identifier in (digest, algorithm):
        if [tag for tag, _, _ in _children(der, *identifier[1:])] not in ([0x06], [0x06, 0x05]):
            raise NotDer
    for unsigned in rest[1:]:
        _named(der, _only(der, unsigned), (0x06, 0x31))


def _children(data: bytes, start: int, end: int) -> list[_Element]:
    found = []
    while start < end:
        header, length = _header(data, start, end)
        found.append((data[start], start + header, start + header + length))
        start += header + length
    return found


def _named(data: bytes, element: _Element, tags: tuple[int, ...]) -> list[_Element]:
    found = _children(data, element[1], element[2])
    if tuple(tag for tag, _, _ in found) != tags:
        raise NotDer
    return found


def _only(data: bytes, element: _Element) -> _Element:
    (found,) = _named(data, element, (0x30,))
    return found


def check_der(data: bytes) -> None:
    """Refuse (:class:`NotDer`) what is not one DER element with nothing behind it: definite, shortest lengths all through."""
    if not data:
        raise NotDer
    spans = [(0, len(data), 0)]
    first = True
    while spans:
        start, end, depth = spans.pop()
        while start < end:
            header, length = _header(data, start, end)
            if data[start] & 0x20:
                if depth >= _MAX_DEPTH:
                    raise NotDer
                spans.append((start + header, start + header + length, depth + 1))
            start += header + length
            if first and start != end:
                raise NotDer
            first = False
