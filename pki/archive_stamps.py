"""Archive time-stamps (PAdES B-LTA): a further revision behind a sealed file, written in one form only, and taken off again.

The revision holds nothing but a document time-stamp over all that stands before it, and the certificates and lists that the security
store still lacked (ETSI EN 319 142-1 5.5, 6.3). Since there is one form, whoever reads such a file writes the revision anew and
compares octets: what is not exactly that stays on, and is a change after sealing.

Left to others: the seal below it (``pdf_signatures``), whose time-stamp it is (``seals``, ``licenses``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernel.errors import Refusal
from pki.errors import DOCUMENT_UNSUITABLE

MAX_LAYERS = 16
RESERVED_DIGITS = 12_288
"""Hexadecimal digits kept for a token: twice its size."""

_TRAILER = re.compile(
    rb"trailer\n<<\n/Size (\d{1,7})\n/Root (\d{1,7}) 0 R\n/Info (\d{1,7}) 0 R\n"
    rb"/ID \[ <([0-9a-f]{2,128})> <[0-9a-f]{2,128}> \]\n/Prev \d{1,10}\n>>\nstartxref\n(\d{1,10})\n%%EOF\n\Z"
)
_TAIL = 1024
_STORE = re.compile(rb"<<\n/Certs \[ ((?:\d+ 0 R ?)*) \]\n/CRLs \[ ((?:\d+ 0 R ?)*) \]\n>>\nendobj\n")
_FORM = re.compile(rb"<<\n/Fields \[ ((?:\d+ 0 R ?)+) \]\n/SigFlags 3\n>>\nendobj\n")
_ROOT_PARTS = {"form": re.compile(rb"/AcroForm (\d{1,7}) 0 R\n"), "store": re.compile(rb"/DSS (\d{1,7}) 0 R\n")}
_STREAM = re.compile(rb"(\d{1,7}) 0 obj\n<<\n/Length (\d{1,8})\n>>\nstream\n")
_CONTENTS = re.compile(rb"/Contents <([0-9A-F]{%d})>\n" % RESERVED_DIGITS)
_LONGEST_ROOT = 16_384
_LONGEST_TABLE = 65_536
_SHORT_FORM = 0x80


@dataclass(frozen=True, slots=True)
class ArchiveStamp:
    """A document time-stamp token (DER), and where the place of its value lies in the file that it closes, and that file's end."""

    token: bytes
    gap: tuple[int, int]
    end: int

    def stamped(self, pdf: bytes) -> bytes:
        """Return what the token is over, of the file that it was found in."""
        return pdf[: self.gap[0]] + pdf[self.gap[1] : self.end]


@dataclass(frozen=True, slots=True)
class _Below:
    """What the revision must know of the file below it: object numbers, lists of references, the identifier, its cross-references."""

    size: int
    root: int
    info: int
    identifier: bytes
    start: int
    form: int
    store: int
    fields: bytes
    certificates: bytes
    crls: bytes


def extend(pdf: bytes, certificates: Sequence[bytes], crls: Sequence[bytes], stamp: Callable[[bytes], bytes]) -> bytes:
    """Return ``pdf``, sealed here, with an archive time-stamp: ``stamp`` gives the token over a SHA-256.

    ``certificates`` and ``crls`` (DER) are put into the store beside what it has. ``Refusal(document_unsuitable)`` for another form.
    """
    below = _look(pdf)
    if below is None:
        raise Refusal(DOCUMENT_UNSUITABLE, field="file", problem="not sealed here")
    before, after = _revision(pdf, below, certificates, crls)
    token = stamp(hashlib.sha256(pdf + before + after).digest())
    return b"".join((pdf, before, _contents(token), after))


def peel(pdf: bytes) -> tuple[bytes, tuple[ArchiveStamp, ...]]:
    """Return the file below all archive time-stamps of this form, and those, the outermost first. Nothing is verified of them."""
    stamps: list[ArchiveStamp] = []
    while len(stamps) < MAX_LAYERS and (found := _peel_one(pdf)) is not None:
        pdf, stamp = found
        stamps.append(stamp)
    return pdf, tuple(stamps)


def new_material(pdf: bytes, certificates: Sequence[bytes], crls: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return those of the certificates and lists that ``pdf`` does not hold yet."""
    return [der for der in certificates if der not in pdf], [der for der in crls if der not in pdf]


def _peel_one(pdf: bytes) -> tuple[bytes, ArchiveStamp] | None:
    trailer = _TRAILER.search(pdf, max(0, len(pdf) - _TAIL))
    if trailer is None or not 0 < len(pdf) - int(trailer[5]) < _LONGEST_TABLE:
        return None
    if b"/SubFilter /ETSI.RFC3161\n" not in pdf[-_LONGEST_TABLE:]:
        return None
    places = [int(line[:10]) for line in re.findall(rb"^\d{10} 00000 n $", pdf[int(trailer[5]) :], re.MULTILINE)]
    start = min(places, default=0)
    inner, update = pdf[:start], pdf[start:]
    below, contents = _look(inner), _CONTENTS.search(update, max(0, len(update) - _LONGEST_TABLE))
    if below is None or contents is None:
        return None
    token = _unpadded(contents[1])
    streams = _streams(update)
    added = _count_added(update, below)
    if token is None or added is None or sum(added) != len(streams):
        return None
    before, after = _revision(inner, below, streams[: added[0]], streams[added[0] :])
    if update != b"".join((before, _contents(token), after)):
        return None
    gap = start + len(before)
    return inner, ArchiveStamp(token, (gap, gap + RESERVED_DIGITS + 2), len(pdf))


def _look(pdf: bytes) -> _Below | None:
    """Return what is at the end of a file that ``pdf_signatures`` or this module wrote; None for any other."""
    trailer = _TRAILER.search(pdf, max(0, len(pdf) - _TAIL))
    if trailer is None:
        return None
    size, root, info, start = (int(trailer[group]) for group in (1, 2, 3, 5))
    written = _object(pdf, root)
    parts = {name: pattern.search(written) for name, pattern in _ROOT_PARTS.items()}
    form, store = parts["form"], parts["store"]
    if form is None or store is None:
        return None
    fields = _FORM.match(_object(pdf, int(form[1])))
    held = _STORE.match(_object(pdf, int(store[1])))
    if fields is None or held is None:
        return None
    return _Below(size, root, info, trailer[4], start, int(form[1]), int(store[1]), fields[1], held[1], held[2])


def _object(pdf: bytes, number: int) -> bytes:
    """Return the beginning of the last object of this number in the file."""
    head = b"\n%d 0 obj\n" % number
    place = pdf.rfind(head)
    return b"" if place < 0 else pdf[place + len(head) : place + len(head) + _LONGEST_ROOT]


def _revision(pdf: bytes, below: _Below, certificates: Sequence[bytes], crls: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the revision's octets before and behind the value of its time-stamp."""
    first = below.size
    field, value = first + len(certificates) + len(crls), first + len(certificates) + len(crls) + 1
    beside = [b"%d 0 R" % number for number in range(first, field)]
    objects = [
        (below.store, _store(below, beside[: len(certificates)], beside[len(certificates) :])),
        (below.form, b"<<\n/Fields [ %s %d 0 R ]\n/SigFlags 3\n>>\n" % (below.fields, field)),
        *((first + place, _stream(der)) for place, der in enumerate((*certificates, *crls))),
        (field, _field(field, value)),
    ]
    places, written, at = {}, [], len(pdf)
    for number, body in objects:
        text = b"%d 0 obj\n%sendobj\n" % (number, body)
        places[number] = at
        written.append(text)
        at += len(text)
    places[value] = at
    head = b"%d 0 obj\n<<\n/Type /DocTimeStamp\n/Filter /Adobe.PPKLite\n/SubFilter /ETSI.RFC3161\n/Contents " % value
    gap = at + len(head), at + len(head) + RESERVED_DIGITS + 2
    # The range stands behind the value, in a width that does not depend on what it says.
    tail_length = len(_tail(below, (0, 0, 0), places, value, 0))
    cross = gap[1] + len(_range((0, 0, 0)))
    tail = _tail(below, (gap[0], gap[1], tail_length), places, value, cross)
    return b"".join((*written, head)), tail


def _tail(below: _Below, span: tuple[int, int, int], places: dict[int, int], value: int, cross: int) -> bytes:
    lines = [b"%d 1\n%010d 00000 n \n" % (number, place) for number, place in sorted(places.items())]
    identifier = hashlib.sha256(b"%d %s" % (below.start, below.identifier)).hexdigest()[:32].encode()
    return b"".join((
        _range(span),
        b"xref\n0 1\n0000000000 65535 f \n",
        *lines,
        b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n" % (value + 1, below.root, below.info),
        b"/ID [ <%s> <%s> ]\n/Prev %d\n>>\nstartxref\n%010d\n%%%%EOF\n" % (below.identifier, identifier, below.start, cross),
    ))  # fmt: skip


def _range(span: tuple[int, int, int]) -> bytes:
    return b"\n/ByteRange [ 0 %010d %010d %010d ]\n>>\nendobj\n" % span


def _store(below: _Below, certificates: Sequence[bytes], crls: Sequence[bytes]) -> bytes:
    lists = (b" ".join((below.certificates, *certificates)), b" ".join((below.crls, *crls)))
    return b"<<\n/Certs [ %s ]\n/CRLs [ %s ]\n>>\n" % lists


def _stream(der: bytes) -> bytes:
    return b"<<\n/Length %d\n>>\nstream\n%s\nendstream\n" % (len(der), der)


def _field(number: int, value: int) -> bytes:
    name = b"Archive%d" % number
    return b"<<\n/FT /Sig\n/T (%s)\n/Type /Annot\n/Subtype /Widget\n/F 132\n/Rect [ 0 0 0 0 ]\n/V %d 0 R\n>>\n" % (name, value)


def _contents(token: bytes) -> bytes:
    return b"<%s>" % token.hex().upper().encode().ljust(RESERVED_DIGITS, b"0")


def _unpadded(digits: bytes) -> bytes | None:
    """Return the DER element at the beginning of hexadecimal digits that are filled up with zeros."""
    raw = bytes.fromhex(digits.decode())
    if raw[0] != 0x30 or not _SHORT_FORM < raw[1] <= _SHORT_FORM + 2:  # noqa: PLR2004 - a SEQUENCE of 128 octets or more
        return None
    head = 2 + (raw[1] & 0x7F)
    length = head + int.from_bytes(raw[2:head], "big")
    return raw[:length] if length <= len(raw) else None


def _streams(update: bytes) -> list[bytes]:
    found, at = [], 0
    while (match := _STREAM.search(update, at)) is not None:
        at = match.end() + int(match[2])
        found.append(update[match.end() : at])
    return found


def _count_added(update: bytes, below: _Below) -> tuple[int, int] | None:
    """Return how many certificates and lists the revision adds to the store."""
    held = _STORE.search(update, 0, 64 * 1024)
    if held is None:
        return None
    certificates, crls = (
        held[group].count(b" R") - old.count(b" R") for group, old in ((1, below.certificates), (2, below.crls))
    )
    return (certificates, crls) if certificates >= 0 and crls >= 0 else None
