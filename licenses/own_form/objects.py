"""Reads single objects of a PDF that has plain cross-reference tables (ISO 32000-2 7.5.4) and nothing unusual.

Whatever is out of the ordinary is :class:`UnusualError`: comments, object streams, encryption, names with escapes for keys, keys that come
twice, a table that does not count upward. So little is understood here that nothing can be understood in two ways.

Left to others: what the objects mean (``document``), files of any other form (``licenses.documents``).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

Value: TypeAlias = "Dictionary | list[Value] | Ref | Name | String | Hex | int | float | bool | None"

_MAX_DEPTH = 12
_MAX_SECTIONS = 8
_MAX_TOKENS = 1_000
"""In one object; those that are read here have fifty."""

_ENTRY = 20
_TAIL = re.compile(rb"startxref\n(\d{1,10})\n%%EOF\n?\Z")
_HEAD = re.compile(rb"(\d{1,6}) (\d{1,6})\n")
_ENTRIES = re.compile(rb"(?:\d{10} (?:00000 [nf]|65535 f)(?: \n|\r\n| \r))*")
_OBJECT = re.compile(rb"(\d{1,7}) 0 obj\s{1,2}")
_STREAM = re.compile(rb"\s{0,2}stream(?:\r\n|\n)")
_STREAM_END = re.compile(rb"(?:\r\n|\n)?endstream\s{1,2}endobj\b")
_OBJECT_END = re.compile(rb"\s{0,2}endobj\b")
_TOKEN = re.compile(
    rb"[\0\t\n\f\r ]*(?:"
    rb"(<<)|(>>)|(\[)|(\])"
    rb"|/([^\0\t\n\f\r ()<>\[\]{}/%]+)"  # a name
    rb"|(\d{1,7}) 0 R(?=[\0\t\n\f\r \]>/])"
    rb"|([+-]?\d{1,10}(?:\.\d{1,10})?)(?=[\0\t\n\f\r \]>/\[<(])"
    rb"|\(((?:[^()\\]|\\.)*)\)"  # a string
    rb"|<([^>]*)>"  # hexadecimal digits
    rb"|(true|false|null)(?=[\0\t\n\f\r \]>/])"
    rb")",
    re.DOTALL,
)
_WORDS = {b"true": True, b"false": False, b"null": None}
_ESCAPE = re.compile(rb"\\([0-7]{3})|\\(.)", re.DOTALL)
_PLAIN = frozenset(b"()\\")


class UnusualError(Exception):
    """The file is not in the form that is understood here; it may be a good one all the same."""


class Name(bytes):
    """A name, without its slash."""

    __slots__ = ()


class String(bytes):
    """A literal string, as it stands between its brackets."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to the object of this number (generation 0)."""

    number: int


@dataclass(frozen=True, slots=True)
class Hex:
    """A hexadecimal string: its octets, its digits as they are written, and where it stands, brackets included."""

    octets: bytes
    digits: bytes
    span: tuple[int, int]


Dictionary: TypeAlias = "dict[bytes, Value]"


@dataclass(slots=True)
class File:
    """A file and its cross-reference sections, the newest first: first number, count and place of each run of entries."""

    pdf: bytes
    sections: list[list[tuple[int, int, int]]] = field(default_factory=list)
    trailer: Dictionary = field(default_factory=dict)
    _read: dict[int, tuple[Value, int]] = field(default_factory=dict)

    def get(self, value: Value) -> Value:
        """Return ``value``, or what it refers to."""
        return self._object(value.number)[0] if isinstance(value, Ref) else value

    def dictionary(self, value: Value) -> Dictionary:
        """Return the dictionary that ``value`` is or refers to."""
        found = self.get(value)
        return found if isinstance(found, dict) else unusual()

    def array(self, value: Value) -> list[Value]:
        """Return the array that ``value`` is or refers to."""
        found = self.get(value)
        return found if isinstance(found, list) else unusual()

    def stream(self, value: Value, most: int) -> bytes:
        """Return the content of the stream that ``value`` refers to, unpacked, of at most ``most`` octets."""
        if not isinstance(value, Ref):
            unusual()
        head, place = self._object(value.number)
        start = _STREAM.match(self.pdf, place)
        if not isinstance(head, dict) or start is None or not head.keys().isdisjoint(_STREAM_KEYS):
            unusual()
        length, kind = head.get(b"Length"), head.get(b"Filter")
        if type(length) is not int or not 0 <= length <= most:
            unusual()
        content = self.pdf[start.end() : start.end() + length]
        if _STREAM_END.match(self.pdf, start.end() + length) is None or not (kind is None or kind == b"FlateDecode"):
            unusual()
        return content if kind is None else _inflated(content, most)

    def _object(self, number: int) -> tuple[Value, int]:
        found = self._read.get(number)
        if found is None:
            place = self._place(number)
            head = _OBJECT.match(self.pdf, place)
            if head is None or int(head[1]) != number:
                unusual()
            found = self._read[number] = read_value(self.pdf, head.end())
            if _OBJECT_END.match(self.pdf, found[1]) is None and _STREAM.match(self.pdf, found[1]) is None:
                unusual()
            if isinstance(found[0], Ref):
                unusual()
        return found

    def _place(self, number: int) -> int:
        for runs in self.sections:
            for first, count, start in runs:
                if first <= number < first + count:
                    at = start + (number - first) * _ENTRY
                    entry = self.pdf[at : at + 18]
                    return int(entry[:10]) if entry[10:] == b" 00000 n" else unusual()
        return unusual()


_STREAM_KEYS = frozenset((b"DecodeParms", b"F", b"FFilter", b"FDecodeParms", b"DL", b"Crypt"))


def open_file(pdf: bytes) -> File:
    """Return ``pdf`` with its tables read; :class:`UnusualError` where they are not plain."""
    tail = _TAIL.search(pdf[-64:])
    if not pdf.startswith(b"%PDF-1.") or tail is None:
        unusual()
    found = File(pdf)
    place: Value = int(tail[1])
    while place is not None:
        if type(place) is not int or len(found.sections) >= _MAX_SECTIONS or not pdf.startswith(b"xref\n", place):
            unusual()
        runs, after = _runs(pdf, place + 5)
        trailer, _ = read_value(pdf, after)
        if not isinstance(trailer, dict) or not trailer.keys().isdisjoint({b"Encrypt", b"XRefStm"}):
            unusual()
        older = trailer.get(b"Prev")
        if type(older) is int and older >= place:
            unusual()
        found.sections.append(runs)
        found.trailer = found.trailer or trailer
        place = older
    return found


def _runs(pdf: bytes, place: int) -> tuple[list[tuple[int, int, int]], int]:
    runs: list[tuple[int, int, int]] = []
    beyond = 0
    while (head := _HEAD.match(pdf, place)) is not None:
        first, count = int(head[1]), int(head[2])
        end = head.end() + count * _ENTRY
        entries = _ENTRIES.match(pdf, head.end(), end)
        if first < beyond or not count or entries is None or entries.end() != end:
            unusual()
        runs.append((first, count, head.end()))
        beyond, place = first + count, end
    if not pdf.startswith(b"trailer\n", place):
        unusual()
    return runs, place + 8


def read_value(pdf: bytes, place: int) -> tuple[Value, int]:
    """Return the object that begins at ``place``, and where it ends."""
    here: list[Any] = []
    outer: list[tuple[list[Any], int]] = []
    match = _TOKEN.match
    for _ in range(_MAX_TOKENS):
        token = match(pdf, place)
        if token is None:
            break
        place, kind = token.end(), token.lastindex or 0
        scalar = _SCALARS[kind]
        if scalar is not None:
            made: Any = scalar(token)
        elif kind % 2:  # something begins
            outer.append((here, kind))
            here = []
            if len(outer) > _MAX_DEPTH:
                unusual()
            continue
        else:
            if not outer or outer[-1][1] != kind - 1:
                unusual()
            made = _dictionary(here) if kind == _CLOSE else here
            here = outer.pop()[0]
        if not outer:
            return made, place
        here.append(made)
    return unusual()


_CLOSE = 2
_SCALARS: Sequence[Callable[[re.Match[bytes]], Value] | None] = (
    *(5 * (None,)),  # dictionaries begin and end with groups 1 and 2 of ``_TOKEN``, arrays with 3 and 4
    lambda token: Name(token[5]),
    lambda token: Ref(int(token[6])),
    lambda token: float(token[7]) if b"." in token[7] else int(token[7]),
    lambda token: String(token[8]),
    lambda token: Hex(_octets(token[9]), token[9], (token.start(9) - 1, token.end())),
    lambda token: _WORDS[token[10]],
)


def _octets(digits: bytes) -> bytes:
    if digits and not digits.isalnum():  # what comes next would read over white space
        unusual()
    return bytes.fromhex(digits.decode("ascii"))


def _dictionary(items: list[Any]) -> Dictionary:
    keys = items[::2]
    # A name with an escape could be another name in disguise.
    if len(items) % 2 or not {*map(type, keys)} <= {Name} or b"#" in b"".join(keys):
        unusual()
    made = dict(zip(keys, items[1::2], strict=True))
    if len(made) != len(keys):
        unusual()
    return made


def text_of(value: Value) -> str:
    """Return the text that a literal string of ASCII characters is."""
    if not isinstance(value, String):
        unusual()
    found = _ESCAPE.sub(_unescaped, value)
    if not found.isascii() or not found.decode("ascii").isprintable():
        unusual()
    return found.decode("ascii")


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1] is not None:
        return bytes((int(match[1], 8) & 0xFF,))
    return match[2] if match[2][0] in _PLAIN else unusual()


def _inflated(content: bytes, most: int) -> bytes:
    inflate = zlib.decompressobj()
    try:
        found = inflate.decompress(content, most + 1)
    except zlib.error:
        unusual()
    if not inflate.eof or inflate.unused_data or len(found) > most:
        unusual()
    return found


def unusual() -> NoReturn:
    """Raise :class:`UnusualError`."""
    raise UnusualError
