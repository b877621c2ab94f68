"""Reads a CSV file of outsiders row by row: bounded, UTF-8 only, with named columns. One bad row never swallows its neighbours.

A row is one line: what departments hand in has no line breaks inside, so a quotation mark that was not closed costs one row. Left to
others: what the columns mean (the rooms), opening the file.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from kernel.errors import Refusal
from kernel.row_errors import (
    CSV_COLUMN_MISSING,
    CSV_COLUMN_TWICE,
    CSV_COLUMN_UNKNOWN,
    CSV_EMPTY,
    CSV_ENCODING,
    CSV_TOO_MANY_ROWS,
    ROW_QUOTES,
    ROW_TOO_LARGE,
    ROW_WIDTH,
)

MAX_ROW_BYTES = 64 * 1024
_CHUNK = 1 << 20
_LABEL_CHARACTERS = 40
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a file are called: ``required`` must be there, ``optional`` may be, nothing else."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the number it bears (its column ``row``, else its place), and its values or why it cannot be read."""

    label: str
    values: Mapping[str, str]
    fault: Refusal | None = None


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file whose encoding and columns have been checked. ``count`` is at least the number of its rows."""

    stream: BinaryIO
    columns: tuple[str, ...]
    count: int

    def rows(self) -> Iterator[Row]:
        """Return the rows, in order."""
        self.stream.seek(0)
        lines = _lines(self.stream)
        next(lines)
        place = 0
        for line in lines:
            if line is not None and not line.strip():
                continue
            place += 1
            yield _row(line, self.columns, place)


def open_rows(stream: BinaryIO, name: str, columns: Columns, *, max_rows: int) -> RowFile:
    """Check the file ``stream`` (seekable), called ``name`` in messages, as a whole: encoding, size, columns; ``Refusal`` else."""
    count = _count_lines(stream, name)
    if count - 1 > max_rows:
        raise Refusal(CSV_TOO_MANY_ROWS, limit=max_rows)
    stream.seek(0)
    header = next(_lines(stream), "")
    if not header or not header.strip():
        raise Refusal(CSV_EMPTY, file=name)
    return RowFile(stream, _header(header, columns), count - 1)


def _header(line: str, columns: Columns) -> tuple[str, ...]:
    found = tuple(column.strip() for column in _cells(line) or ())
    wanted = ", ".join((*columns.required, *columns.optional))
    for column in found:
        if column not in columns.required and column not in columns.optional:
            raise Refusal(CSV_COLUMN_UNKNOWN, field=column[:_SHOWN_CHARACTERS], column=_shown(column), wanted=wanted)
        if found.count(column) > 1:
            raise Refusal(CSV_COLUMN_TWICE, field=column, column=column)
    for column in columns.required:
        if column not in found:
            raise Refusal(CSV_COLUMN_MISSING, field=column, column=column, wanted=", ".join(columns.required))
    return found


def _row(line: str | None, columns: Sequence[str], place: int) -> Row:
    if line is None:
        return Row(str(place), {}, Refusal(ROW_TOO_LARGE, limit=MAX_ROW_BYTES))
    cells = _cells(line)
    if cells is None:
        return Row(str(place), {}, Refusal(ROW_QUOTES))
    if len(cells) != len(columns):
        return Row(str(place), {}, Refusal(ROW_WIDTH, found=len(cells), wanted=len(columns)))
    values = dict(zip(columns, cells, strict=True))
    label = values.get("row", "").strip()
    return Row(label if label.isalnum() and len(label) <= _LABEL_CHARACTERS else str(place), values)


def _cells(line: str) -> list[str] | None:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return None


def _lines(stream: BinaryIO) -> Iterator[str | None]:
    """Return the lines without their ends; None for one that is too long."""
    first = True
    while line := stream.readline(MAX_ROW_BYTES + 3):
        if first:
            line, first = line.removeprefix(codecs.BOM_UTF8), False
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        if len(text) <= MAX_ROW_BYTES:
            yield text.decode("utf-8")
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(_CHUNK)
        yield None


def _count_lines(stream: BinaryIO, name: str) -> int:
    """Return the number of lines, having read the whole file once as UTF-8."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, last, chunk = 0, b"\n", b""
    while chunk := stream.read(_CHUNK):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            line = lines + 1 + error.object[: error.start].count(b"\n")
            raise _not_utf8(stream, name, line) from None
        lines += chunk.count(b"\n")
        last = chunk[-1:]
    if decoder.getstate()[0]:
        raise _not_utf8(stream, name, lines + 1)
    return lines if last == b"\n" else lines + 1


def _not_utf8(stream: BinaryIO, name: str, line: int) -> Refusal:
    stream.seek(0)
    sample = stream.read(_CHUNK)
    guess = ("", "")
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        guess = ("，看起来是 UTF-16", "; it looks like UTF-16")
    else:
        whole_lines = sample[: sample.rfind(b"\n") + 1] or sample
        try:
            whole_lines.decode("gb18030")
        except UnicodeDecodeError:
            pass
        else:
            guess = ("，看起来是 GB18030（GBK）", "; it looks like GB18030 (GBK)")
    return Refusal(CSV_ENCODING, file=name, line=line, guess_zh=guess[0], guess_en=guess[1])


def _shown(text: str) -> str:
    """Return ``text`` short and harmless for a message."""
    return ascii(text[:_SHOWN_CHARACTERS]) if not text.isprintable() else text[:_SHOWN_CHARACTERS]
