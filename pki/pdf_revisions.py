"""One more revision behind a PDF that was made here: some objects, a signature dictionary with an empty place for its value, cross-references.

There is one form, octet by octet: it is written in a millisecond less than by a library, and whoever reads such a revision can write it anew
and compare. Left to others: what the objects say (``pdf_signatures``, ``archive_stamps``), the value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Below:
    """What a revision must know of the file below it.

    How long it is and how many object numbers it uses, its root and information, its identifier in hexadecimal digits, where its last
    cross-references begin.
    """

    length: int
    size: int
    root: int
    info: int
    identifier: bytes
    start: int


def write(below: Below, objects: Sequence[tuple[int, bytes]], number: int, entries: bytes, reserved: int) -> tuple[bytes, bytes]:
    """Return the revision's octets before and behind the value of its signature dictionary, which is the last object and has this ``number``.

    ``entries`` is what the dictionary says beside value and range; ``reserved`` digits are kept for the value.
    """
    written, places, at = [], {}, below.length
    for each, body in objects:
        text = b"%d 0 obj\n%sendobj\n" % (each, body)
        places[each] = at
        written.append(text)
        at += len(text)
    places[number] = at
    head = b"%d 0 obj\n<<\n%s/Contents " % (number, entries)
    gap = at + len(head), at + len(head) + reserved + 2
    # The range stands behind the value, in a width that does not depend on what it says.
    cross = gap[1] + len(_range((0, 0, 0)))
    references = _references(below, places, cross)
    span = (*gap, cross - gap[1] + len(references))
    return b"".join((*written, head)), _range(span) + references


def value(content: bytes, reserved: int) -> bytes:
    """Return a signature value as it stands in its place; ``ValueError`` for one that is longer."""
    digits = content.hex().upper().encode("ascii")
    if len(digits) > reserved:
        message = f"a signature value of {len(content)} octets"
        raise ValueError(message)
    return b"<%s>" % digits.ljust(reserved, b"0")


def stream(content: bytes) -> bytes:
    """Return the body of an object that is a stream."""
    return b"<<\n/Length %d\n>>\nstream\n%s\nendstream\n" % (len(content), content)


def references_to(numbers: Sequence[int]) -> bytes:
    """Return references to these objects, as an array has them."""
    return b" ".join(b"%d 0 R" % number for number in numbers)


def _range(span: tuple[int, int, int]) -> bytes:
    return b"\n/ByteRange [ 0 %010d %010d %010d ]\n>>\nendobj\n" % span


def _references(below: Below, places: Mapping[int, int], start: int) -> bytes:
    lines = [b"%d 1\n%010d 00000 n \n" % place for place in sorted(places.items())]
    identifier = hashlib.sha256(b"%d %s" % (below.start, below.identifier)).hexdigest()[:32].encode("ascii")
    return b"".join((
        b"xref\n0 1\n0000000000 65535 f \n",
        *lines,
        b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n" % (max(places) + 1, below.root, below.info),
        b"/ID [ <%s> <%s> ]\n/Prev %d\n>>\nstartxref\n%010d\n%%%%EOF\n" % (below.identifier, identifier, below.start, start),
    ))  # fmt: skip
