"""The entries of a revocation list, a million or more of them: left as bytes, found by serial number through a compact index.

The index is made once, at the latest when a serial is first asked for, which is after the list's signature was verified; it costs
eight bytes an entry, and looking into it does not depend on how many there are. A frame is the same list without entries, for everything else that is
to be known of it.

Left to others: what an entry means (``revocation``), whose list it is (``crls``).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from pki.der import tlv

SEQUENCE = 0x30
_INTEGER, _BOOLEAN, _OCTETS, _TIMES = 0x02, 0x01, 0x04, frozenset({0x17, 0x18})
_DIRECTORY_NAME = 0xA4
_CERTIFICATE_ISSUER = bytes.fromhex("0603551d1d")
_LONG = 0x80
_MAX_LENGTH_OCTETS = 4
_OFFSET_BITS = 26
_HASH_MASK = (1 << 64 - _OFFSET_BITS) - 1
"""Of Python's own hash, keyed anew in every process, so that nobody can make serials collide."""
_PADDING = frozenset({0x00, 0xFF})
MAX_BYTES = 1 << _OFFSET_BITS
"""No list is longer, so that a place in it fits beside a hash in eight bytes."""
_MAX_REPEATED = 1_000
"""How many entries may have one serial (an indirect list speaks of several issuers)."""


class Malformed(ValueError):  # noqa: N818 - named for what the bytes are
    """The bytes are not what RFC 5280 5.1 says, in DER."""


def element(data: bytes, place: int, end: int) -> tuple[int, int, int]:
    """Return tag, begin and end of the contents of the DER element at ``place``; ``Malformed`` when it does not end by ``end``."""
    if place + 2 > end:
        raise Malformed
    tag, length, begin = data[place], data[place + 1], place + 2
    if length >= _LONG:
        octets = length - _LONG
        begin += octets
        length = int.from_bytes(data[begin - octets : begin], "big")
        if not 0 < octets <= _MAX_LENGTH_OCTETS or length < _LONG or length >> 8 * (octets - 1) == 0:
            raise Malformed  # indefinite, absurd or not the shortest form (X.690 10.1)
    if begin + length > end:
        raise Malformed
    return tag, begin, begin + length


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the parts of a list's DER are: what was signed; in it what stands before the entries, they themselves, what follows."""

    signed: slice
    before: slice
    entries: slice
    behind: slice

    def cut(self, der: bytes, entries: bytes = b"") -> bytes:
        """Return the same list with ``entries`` for its entries. Its signature no longer fits, so it must be verified before."""
        listed = tlv(SEQUENCE, entries) if entries else b""
        signed = tlv(SEQUENCE, der[self.before], listed, der[self.behind])
        return tlv(SEQUENCE, signed, der[self.signed.stop :])


def frame_of(der: bytes) -> Frame:
    """Find the parts of a CertificateList (RFC 5280 5.1) without looking into them; ``Malformed`` when it is none."""
    tag, begin, end = element(der, 0, len(der))
    if tag != SEQUENCE or end != len(der):
        raise Malformed
    tag, first, stop = element(der, begin, end)
    if tag != SEQUENCE:
        raise Malformed
    signed, place, times = slice(begin, stop), first, 0
    while place < stop:
        tag, inside, after = element(der, place, stop)
        if times and tag == SEQUENCE:  # the only one behind thisUpdate and nextUpdate
            return Frame(signed, slice(first, place), slice(inside, after), slice(after, stop))
        if times and tag not in _TIMES:
            break
        times += tag in _TIMES
        place = after
    return Frame(signed, slice(first, place), slice(place, place), slice(place, stop))


class Entries:
    """The entries of one list. The index is made once; ``Malformed`` from every question when it cannot be."""

    def __init__(self, der: bytes, place: slice) -> None:
        self._der = der
        self._place = place
        self._lock = Lock()
        self._index: tuple[array[int], array[int]] | Malformed | None = None

    def about(self, serial: int) -> bytes:
        """Return the entries with this serial, each behind the one that tells whose certificates it and those after it are of.

        That is all that bears on a certificate: an entry with another serial counts only by its certificateIssuer, which holds for those
        that follow until the next one (RFC 5280 5.3.3).
        """
        if self._place.start == self._place.stop:
            return b""
        index, issuers = self._made()
        wanted = _serial(serial)
        key = hash(wanted) & _HASH_MASK
        found = []
        for at in range(bisect_left(index, key << _OFFSET_BITS), len(index)):
            if index[at] >> _OFFSET_BITS != key:
                break
            place = index[at] & (MAX_BYTES - 1)
            begin, end, _ = _entry(self._der, place, self._place.stop)
            if self._der[begin:end] == wanted:
                found.append(place)
                if len(found) > _MAX_REPEATED:
                    raise Malformed
        out = []
        for place in found:
            before = bisect_right(issuers, place) - 1
            if before >= 0 and issuers[before] != place:
                out.append(self._whole(issuers[before]))
            out.append(self._whole(place))
        return b"".join(out)

    def _whole(self, place: int) -> bytes:
        return self._der[place : _entry(self._der, place, self._place.stop)[2]]

    def prepare(self) -> None:
        """Make the index now, for whoever can spare the second that a million entries take, which a judgement cannot."""
        with suppress(Malformed):
            self._made()

    def _made(self) -> tuple[array[int], array[int]]:
        with self._lock:
            if self._index is None:
                try:
                    self._index = _make_index(self._der, self._place)
                except Malformed:
                    self._index = Malformed()
        if isinstance(self._index, Malformed):
            raise Malformed
        return self._index


def _make_index(der: bytes, place: slice) -> tuple[array[int], array[int]]:
    """Return hash and place of every serial, sorted, and the places of the entries that name an issuer."""
    at, end = place.start, place.stop
    packed, issuers = [], array("Q")
    several = der.find(_CERTIFICATE_ISSUER, at, end) >= 0
    while at < end:
        begin, stop, after = _entry(der, at, end)
        serial = der[begin:stop]
        if serial[0] in _PADDING and is_padded(serial):
            raise Malformed
        packed.append((hash(serial) & _HASH_MASK) << _OFFSET_BITS | at)
        if several and _names_issuer(der, stop, after):
            issuers.append(at)
        at = after
    packed.sort()
    return array("Q", packed), issuers


def _entry(der: bytes, place: int, end: int) -> tuple[int, int, int]:
    """Return begin and end of an entry's serial, and the end of the entry."""
    tag, inside, after = element(der, place, end)
    inner, begin, stop = element(der, inside, after)
    if tag != SEQUENCE or inner != _INTEGER or begin == stop:
        raise Malformed
    return begin, stop, after


def _names_issuer(der: bytes, place: int, end: int) -> bool:
    """Tell whether the entry with this rest (date and extensions) names an issuer (certificateIssuer, RFC 5280 5.3.3)."""
    _, _, place = element(der, place, end)
    if place == end:
        return False
    _, place, end = element(der, place, end)
    found = False
    while place < end:
        _, inside, after = element(der, place, end)
        if der[inside:after].startswith(_CERTIFICATE_ISSUER):
            if found:
                raise Malformed
            found = True
            tag, names, following = element(der, inside + len(_CERTIFICATE_ISSUER), after)
            if tag == _BOOLEAN:
                tag, names, _ = element(der, following, after)
            if tag != _OCTETS or not _has_directory_name(der, names, after):
                raise Malformed
        place = after
    return found


def _has_directory_name(der: bytes, place: int, end: int) -> bool:
    _, place, end = element(der, place, end)
    while place < end:
        tag, _, place = element(der, place, end)
        if tag == _DIRECTORY_NAME:
            return True
    return False


def _serial(serial: int) -> bytes:
    return serial.to_bytes(((serial if serial >= 0 else ~serial).bit_length() + 8) // 8, "big", signed=True)


def is_padded(octets: bytes) -> bool:
    """Tell whether an INTEGER has more octets than it needs, which DER does not allow (X.690 8.3.2)."""
    return len(octets) > 1 and (octets[0], octets[1] >> 7) in {(0, 0), (0xFF, 1)}
