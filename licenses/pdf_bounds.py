"""Opening an outsider's PDF within bounds: what a hostile file may cost is decided here, before and while pyHanko reads it.

- :func:`open_bounded` walks the chain of cross-reference sections first (few sections, entries that the file can really hold),
  because pyHanko believes their declared sizes; it then opens the file strictly, with limits on decompressed bytes.
- :class:`CountingStream` ends a parse of a large file that reads too often, which bounds time and the number of objects.
- Signature values are read here by one search instead of byte by byte: that was nine tenths of the cost of a verification.

Left to others: what the file says (``documents``), and catching what is raised: anything may be, hostile files see to that.
"""

from __future__ import annotations

import re
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DecodePurpose, DocumentDecodeBudget, StreamDecodeLimits
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import read_object_header

MIB = 1024 * 1024
MAX_READS = 400_000
"""Calls of ``read`` before a parse is given up: an ordinary licence needs a few thousand."""
SMALL_FILE = 256 * 1024
"""Files up to this size are not counted: reading all of one costs less than the counting of large ones allows."""
MAX_SECTIONS = 32
MAX_ENTRIES = 100_000
MAX_SIGNATURE_HEX = 512 * 1024

LIMITS = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=4 * MIB),
    per_purpose={
        DecodePurpose.OBJECT_STREAM: StreamDecodeLimits(max_output_size=MIB),
        DecodePurpose.CERTIFICATE: StreamDecodeLimits(max_output_size=64 * 1024),
        DecodePurpose.OCSP_RESPONSE: StreamDecodeLimits(max_output_size=64 * 1024),
        DecodePurpose.CRL: StreamDecodeLimits(max_output_size=4 * MIB),
    },
    document_budget=DocumentDecodeBudget(base_allowance=16 * MIB, max_ratio=1),
)

_STARTXREF = re.compile(rb"startxref\s{1,8}(\d{1,10})\s{1,8}%%EOF")
_SUBSECTION = re.compile(rb"\s{0,8}(\d{1,10})[ ]{1,8}(\d{1,10})\s{1,8}")
_XREF_OBJECT = re.compile(rb"\d{1,10}\s{1,8}\d{1,5}\s{1,8}obj\s{0,8}(?=<<)")
_CONTENTS = re.compile(rb"/Contents\s{0,8}(<[0-9A-Fa-f]{512,%d}>)" % MAX_SIGNATURE_HEX)
_ENTRY = 20
_TAIL = 1100
_BEHIND = 4096


class CountingStream(BytesIO):
    """A stream that refuses to be read more often than ``MAX_READS`` times."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._left = MAX_READS

    def read(self, size: int | None = -1) -> bytes:
        """Read as a stream does; ``PdfReadError`` once the budget is spent."""
        self._left -= 1
        if self._left < 0:
            message = "the file makes its reader work too hard"
            raise PdfReadError(message)
        return super().read(size)


def open_bounded(pdf: bytes) -> PdfFileReader:
    """Return a strict reader over ``pdf``. Raises whatever pyHanko raises, and ``PdfReadError`` for what is over the bounds."""
    stream = BytesIO(pdf) if len(pdf) <= SMALL_FILE else CountingStream(pdf)
    check_cross_references(pdf, stream)
    stream.seek(0)
    return PdfFileReader(stream, strict=True, decode_limits=LIMITS)


def check_cross_references(pdf: bytes, stream: BytesIO) -> None:
    """Refuse (``PdfReadError``) a chain of cross-reference sections that loops, is too long, or declares more than it holds."""
    found = _STARTXREF.findall(pdf[-_TAIL:])
    position: int | None = int(found[-1]) if found else None
    seen: set[int] = set()
    entries = 0
    while position is not None:
        if position in seen or len(seen) >= MAX_SECTIONS or position >= len(pdf):
            message = "the cross-reference sections loop, are too many, or lie outside the file"
            raise PdfReadError(message)
        seen.add(position)
        if pdf.startswith(b"xref", position):
            declared, dictionary = _table(pdf, stream, position + 4)
        else:
            declared, dictionary = _stream_dictionary(pdf, stream, position)
        entries += declared
        if entries > MAX_ENTRIES or "/XRefStm" in dictionary:
            message = "too many cross-reference entries, or two kinds of them at once"
            raise PdfReadError(message)
        previous = dictionary.get("/Prev")
        position = None if previous is None else int(previous)


def _table(pdf: bytes, stream: BytesIO, position: int) -> tuple[int, generic.DictionaryObject]:
    declared = 0
    while (head := _SUBSECTION.match(pdf, position)) is not None:
        declared += int(head[2])
        if declared > len(pdf) // _ENTRY:
            break
        position = head.end() + int(head[2]) * _ENTRY
    start = pdf.find(b"<<", position, position + 64)
    if start < 0:
        message = "a cross-reference table declares more entries than it holds"
        raise PdfReadError(message)
    return declared, _read_dictionary(stream, start)


def _stream_dictionary(pdf: bytes, stream: BytesIO, position: int) -> tuple[int, generic.DictionaryObject]:
    head = _XREF_OBJECT.match(pdf, position)
    if head is None:
        message = "no cross-reference section where one is announced"
        raise PdfReadError(message)
    dictionary = _read_dictionary(stream, head.end())
    widths = [int(width) for width in dictionary["/W"]]
    index = [int(number) for number in dictionary.get("/Index", (0, dictionary["/Size"]))]
    # An entry of no width costs the file nothing and its reader an object: the second field, where it is, always has some.
    if len(widths) != 3 or not all(0 <= width <= 8 for width in widths) or not widths[1]:  # noqa: PLR2004 - ISO 32000-2 7.5.8.2
        message = "a cross-reference stream has entries of an impossible width"
        raise PdfReadError(message)
    return sum(index[1::2]), dictionary


class _NoHandler:
    """Stands for the file while a dictionary is read that must not refer to anything."""

    strict = True

    def get_object(self, *_: object, **__: object) -> generic.PdfObject:
        message = "a cross-reference section's dictionary refers to another object"
        raise PdfReadError(message)


def _read_dictionary(stream: BytesIO, position: int) -> generic.DictionaryObject:
    stream.seek(position)
    dictionary: generic.DictionaryObject = generic.DictionaryObject.read_from_stream(
        stream,
        generic.TrailerReference(_NoHandler()),
        in_content_stream=generic.ContentOpReading.NO,
    )
    return dictionary


def read_signature_dictionary(reader: PdfFileReader, pdf: bytes, reference: generic.Reference) -> tuple[int, int] | None:
    """Read the signature dictionary at ``reference`` into the reader's cache without walking its Contents byte by byte.

    Returns where the Contents value stands in ``pdf`` (brackets included), or None when it stands in no such form; the reader
    then reads it in its own time. That the value found is really the dictionary's own is proven by leaving it out: what is
    read must then have empty Contents.
    """
    start = reader.xrefs[reference]
    if not isinstance(start, int):
        return None
    found = _CONTENTS.search(pdf, start)
    if found is None:
        return None
    first, last = found.span(1)
    stream = BytesIO(pdf[start:first] + b"<>" + pdf[last : last + _BEHIND])
    try:
        value = _read_alone(stream, reference)
    except Exception:  # noqa: BLE001 - not in the plain form; the reader itself then says what is wrong, if anything
        return None
    if value is None:
        return None
    value[generic.pdf_name("/Contents")] = generic.ByteStringObject(bytes.fromhex(pdf[first + 1 : last - 1].decode("ascii")))
    reader.cache_indirect_object(reference.generation, reference.idnum, value)
    return first, last


def _read_alone(stream: BytesIO, reference: generic.Reference) -> generic.DictionaryObject | None:
    """Return the dictionary of the object in ``stream`` if it is the one referred to and its Contents are empty."""
    idnum, generation = read_object_header(stream, strict=True)
    value = generic.read_object(stream, reference)
    if (idnum, generation) != (reference.idnum, reference.generation) or not isinstance(value, generic.DictionaryObject):
        return None
    left = value.get("/Contents")
    empty = isinstance(left, generic.TextStringObject | generic.ByteStringObject) and not left.original_bytes
    return value if empty and stream.read(16).split()[:1] == [b"endobj"] else None
