"""Archive time-stamps (PAdES B-LTA): a further revision behind a sealed file, written in one form only, and taken off again.

The revision holds nothing but a document time-stamp over all that stands before it, and the certificates and lists that the security
store still lacked (ETSI EN 319 142-1 5.5, 6.3). Since there is one form, whoever reads such a file writes the revision anew and
compares octets: what is not exactly that stays on, and is a change after sealing.

Left to others: the seal below it (``pdf_signatures``), the form of revisions (``pdf_revisions``), whose time-stamp it is (``seals``, ``licenses``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernel.errors import Refusal
from pki import pdf_revisions
from pki.cms import Digest
from pki.errors import DOCUMENT_UNSUITABLE
from pki.pdf_revisions import Below, references_to

MAX_LAYERS = 16
RESERVED_DIGITS = 12_288
"""Hexadecimal digits kept for a token: twice its size."""

_TRAILER = re.compile(
    rb"trailer\n<<\n/Size (\d{1,7})\n/Root (\d{1,7}) 0 R\n/Info (\d{1,7}) 0 R\n"
    rb"/ID \[ <([0-9a-f]{2,128})> <[0-9a-f]{2,128}> \]\n/Prev \d{1,10}\n>>\nstartxref\n(\d{1,10})\n%%EOF\n\Z"
)
_ENTRIES = b"/Type /DocTimeStamp\n/Filter /Adobe.PPKLite\n/SubFilter /ETSI.RFC3161\n"
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
class _Sealed:
    """What the revision must know of the sealed file below it: form and store by their numbers, and the references that they hold."""

    below: Below
    form: int
    store: int
    fields: bytes
    certificates: bytes
    crls: bytes


def extend(
    pdf: bytes,
    certificates: Sequence[bytes],
    crls: Sequence[bytes],
    stamp: Callable[[bytes], bytes],
    *,
    digest: Digest = "sha256",
) -> bytes:
    """Return ``pdf``, sealed here, with an archive time-stamp: ``stamp`` gives the token over a ``digest`` of the file.

    ``certificates`` and ``crls`` (DER) are put into the store beside what it has. ``Refusal(document_unsuitable)`` for another form.
    """
    sealed = _look(pdf)
    if sealed is None:
        raise Refusal(DOCUMENT_UNSUITABLE, field="file", problem="not sealed here")
    before, after = _revision(sealed, certificates, crls)
    token = stamp(hashlib.new(digest, pdf + before + after).digest())
    return b"".join((pdf, before, pdf_revisions.value(token, RESERVED_DIGITS), after))


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
    sealed, contents = _look(inner), _CONTENTS.search(update, max(0, len(update) - _LONGEST_TABLE))
    if sealed is None or contents is None:
        return None
    token = _unpadded(contents[1])
    streams = _streams(update)
    added = _count_added(update, sealed)
    if token is None or added is None or sum(added) != len(streams):
        return None
    before, after = _revision(sealed, streams[: added[0]], streams[added[0] :])
    if update != b"".join((before, pdf_revisions.value(token, RESERVED_DIGITS), after)):
        return None
    gap = start + len(before)
    return inner, ArchiveStamp(token, (gap, gap + RESERVED_DIGITS + 2), len(pdf))


def _look(pdf: bytes) -> _Sealed | None:
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
    below = Below(len(pdf), size, root, info, trailer[4], start)
    return _Sealed(below, int(form[1]), int(store[1]), fields[1], held[1], held[2])


def _object(pdf: bytes, number: int) -> bytes:
    """Return the beginning of the last object of this number in the file."""
    head = b"\n%d 0 obj\n" % number
    place = pdf.rfind(head)
    return b"" if place < 0 else pdf[place + len(head) : place + len(head) + _LONGEST_ROOT]


def _revision(sealed: _Sealed, certificates: Sequence[bytes], crls: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the revision's octets before and behind the value of its time-stamp."""
    first = sealed.below.size
    field = first + len(certificates) + len(crls)
    held = range(first, field)
    store = (
        b" ".join((sealed.certificates, *_each(held[: len(certificates)]))),
        b" ".join((sealed.crls, *_each(held[len(certificates) :]))),
    )
    objects = [
        (sealed.store, b"<<\n/Certs [ %s ]\n/CRLs [ %s ]\n>>\n" % store),
        (sealed.form, b"<<\n/Fields [ %s %d 0 R ]\n/SigFlags 3\n>>\n" % (sealed.fields, field)),
        *((first + place, pdf_revisions.stream(der)) for place, der in enumerate((*certificates, *crls))),
        (field, _field(field, field + 1)),
    ]
    return pdf_revisions.write(sealed.below, objects, field + 1, _ENTRIES, RESERVED_DIGITS)


def _each(numbers: Sequence[int]) -> list[bytes]:
    return [references_to([number]) for number in numbers]


def _field(number: int, value: int) -> bytes:
    name = b"Archive%d" % number
    return b"<<\n/FT /Sig\n/T (%s)\n/Type /Annot\n/Subtype /Widget\n/F 132\n/Rect [ 0 0 0 0 ]\n/V %d 0 R\n>>\n" % (name, value)


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


def _count_added(update: bytes, sealed: _Sealed) -> tuple[int, int] | None:
    """Return how many certificates and lists the revision adds to the store."""
    held = _STORE.search(update, 0, 64 * 1024)
    if held is None:
        return None
    certificates, crls = (
        held[group].count(b" R") - old.count(b" R") for group, old in ((1, sealed.certificates), (2, sealed.crls))
    )
    return (certificates, crls) if certificates >= 0 and crls >= 0 else None
