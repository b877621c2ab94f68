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
from pki.der_reader import (
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    UTC_TIME,
    DerError,
    element,
    is_padded,
    refuse,
)

_TIMES = frozenset({UTC_TIME, GENERALIZED_TIME})
_BEFORE_ENTRIES = 5
"""version, signature, issuer, thisUpdate, nextUpdate."""
_DIRECTORY_NAME = 0xA4
_CERTIFICATE_ISSUER = bytes.fromhex("0603551d1d")
_OFFSET_BITS = 26
_HASH_MASK = (1 << 64 - _OFFSET_BITS) - 1
"""Of Python's own hash, keyed anew in every process, so that nobody can make serials collide."""
_PADDING = frozenset({b"", b"\x00", b"\xff"})
MAX_BYTES = 1 << _OFFSET_BITS
"""No list is longer, so that a place in it fits beside a hash in eight bytes."""
_MAX_ENTRY_BYTES = 4_096
_MAX_REPEATED = 100
"""How many entries may have one serial (an indirect list speaks of several issuers)."""


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
    """Find the parts of a CertificateList (RFC 5280 5.1) without looking into them; ``DerError`` when it is none."""
    tag, begin, end = element(der, 0, len(der))
    if tag != SEQUENCE or end != len(der):
        refuse("not one sequence")
    tag, first, stop = element(der, begin, end)
    if tag != SEQUENCE:
        refuse("nothing that is signed")
    signed, place, times = slice(begin, stop), first, 0
    for _ in range(_BEFORE_ENTRIES + 1):
        if place == stop:
            break
        tag, inside, after = element(der, place, stop)
        if times and tag == SEQUENCE:  # the only one behind thisUpdate and nextUpdate
            return Frame(signed, slice(first, place), slice(inside, after), slice(after, stop))
        if times and tag not in _TIMES:
            break
        times += tag in _TIMES
        place = after
    return Frame(signed, slice(first, place), slice(place, place), slice(place, stop))


class Entries:
    """The entries of one list. The index is made once; ``DerError`` from every question when it cannot be."""

    def __init__(self, der: bytes, place: slice) -> None:
        self._der = der
        self._place = place
        self._lock = Lock()
        self._index: tuple[array[int], array[int]] | str | None = None

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
                    refuse("a serial number too often")
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
        with suppress(DerError):
            self._made()

    def _made(self) -> tuple[array[int], array[int]]:
        with self._lock:
            if self._index is None:
                try:
                    self._index = _make_index(self._der, self._place)
                except DerError as malformed:
                    self._index = str(malformed)
        if isinstance(self._index, str):
            raise DerError(self._index)
        return self._index


def _make_index(der: bytes, place: slice) -> tuple[array[int], array[int]]:
    """Return hash and place of every serial, sorted, and the places of the entries that name an issuer."""
    at, end = place.start, place.stop
    packed, issuers = [], array("Q")
    several = der.find(_CERTIFICATE_ISSUER, at, end) >= 0
    while at < end:
        begin, stop, after = _entry(der, at, end)
        serial = der[begin:stop]
        if serial[:1] in _PADDING and is_padded(serial):
            refuse("a serial number is not DER")
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
    if tag != SEQUENCE or inner != INTEGER or after - place > _MAX_ENTRY_BYTES:
        refuse("an entry is no entry")
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
                refuse("certificateIssuer twice")
            found = True
            tag, names, following = element(der, inside + len(_CERTIFICATE_ISSUER), after)
            if tag == BOOLEAN:
                tag, names, _ = element(der, following, after)
            if tag != OCTET_STRING or not _has_directory_name(der, names, after):
                refuse("certificateIssuer without a name")
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
