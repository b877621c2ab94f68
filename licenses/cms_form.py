"""The strict form of a CMS SignedData (RFC 5652), octet by octet: what parsers pass over is found here.

A signature value is not covered by the signature, so a form with room for something else is a place to hide it.

Left to others: reading an element (``pki.der_reader``), what the elements mean (``signatures``).
"""

from __future__ import annotations

from crosscert.paths.der import check_shape
from pki.der_reader import element, refuse

_CONTENT_INFO = (0x06, 0xA0)
_SIGNED_DATA = (0x02, 0x31, 0x30, 0xA0, 0x31)
_SIGNER_INFO = (0x02, 0x30, 0x30, 0xA0, 0x30, 0x04, 0xA1)
_MOST_ELEMENTS = 10_000
_Element = tuple[int, int, int]
"""An element's tag, and where its content begins and ends."""


def element_length(data: bytes) -> int:
    """Return the length of the DER element that ``data`` starts with, header included; ``DerError`` when it starts with none."""
    return element(data, 0, len(data))[2]


def check_der(data: bytes) -> None:
    """Refuse (``DerError``) what is not one element with nothing behind it: definite, shortest lengths all through."""
    if element_length(data) != len(data):
        refuse("more than one element")
    check_shape(data, _MOST_ELEMENTS)


def check_signed_data(der: bytes) -> None:
    """Refuse (``DerError``) what is not DER, and a SignedData with elements that RFC 5652 does not have, which the parser would pass over."""
    check_der(der)
    (content_info,) = _children(der, 0, len(der))
    signed_data = _only(der, _named(der, content_info, _CONTENT_INFO)[1])
    signer_infos = _named(der, signed_data, _SIGNED_DATA)[4]
    signer = _only(der, signer_infos)
    tags = _SIGNER_INFO if len(_children(der, *signer[1:])) == len(_SIGNER_INFO) else _SIGNER_INFO[:-1]
    _, sid, digest, _, algorithm, *rest = _named(der, signer, tags)
    _named(der, sid, (0x30, 0x02))
    for identifier in (digest, algorithm):
        if [tag for tag, _, _ in _children(der, *identifier[1:])] not in ([0x06], [0x06, 0x05]):
            refuse("an algorithm with other parameters")
    for unsigned in rest[1:]:
        _named(der, _only(der, unsigned), (0x06, 0x31))


def _children(data: bytes, start: int, end: int) -> list[_Element]:
    found = []
    while start < end:
        found.append(element(data, start, end))
        start = found[-1][2]
    return found


def _named(data: bytes, within: _Element, tags: tuple[int, ...]) -> list[_Element]:
    found = _children(data, within[1], within[2])
    if tuple(tag for tag, _, _ in found) != tags:
        refuse("other elements than RFC 5652 has")
    return found


def _only(data: bytes, within: _Element) -> _Element:
    (found,) = _named(data, within, (0x30,))
    return found
