"""Reads an outsider's zip file within bounds: how many entries, how large each and all of them, whatever its directory says.

Nothing is written anywhere and no entry is opened for what it is called; a zip in a zip is an entry that is no PDF.

Left to others: the verdict on each entry (``verifying``), the limit of the upload itself (``views``).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from kernel.errors import Refusal
from licenses.errors import BATCH_TOO_LARGE, BATCH_TOO_MANY, ENTRY_UNREADABLE, ZIP_UNREADABLE
from licenses.many.verifying import Item
from policies.models import VerificationRules

_END = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16, end of central directory
_END_MARK, _END64_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
_LOCATOR = 20
_TAIL = 65_557 + _LOCATOR
"""How far from the end the library looks for the end of the directory, and the locator before it."""

_ENTRY = 46 + 1024
"""More than an entry of the directory needs; a name of a kilobyte is nobody's."""

_MAX_NAME = 200
_ENCRYPTED = 1
_BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    zlib.error,
    struct.error,
)


def is_zip(head: bytes) -> bool:
    """Tell whether what begins so is a zip file, an empty one too."""
    return head.startswith((b"PK\x03\x04", _END_MARK))


def items_of(file: IO[bytes], rules: VerificationRules) -> Iterator[Item]:
    """Yield the files in the zip ``file``; ``Refusal`` when it is none, or has too many or too much. An entry's fault is the entry's."""
    _check_directory(file, rules)
    try:
        opened = zipfile.ZipFile(file)
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    except _BROKEN as error:
        raise Refusal(ZIP_UNREADABLE, field="file") from error
    if len(entries) > rules.max_batch_files:
        raise Refusal(BATCH_TOO_MANY, field="file", limit=rules.max_batch_files)
    return _contents(opened, entries, rules)


def _contents(opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], rules: VerificationRules) -> Iterator[Item]:
    left = rules.max_batch_bytes
    for entry in entries:
        if left <= 0:
            yield Item(_name(entry), Refusal(BATCH_TOO_LARGE, field="file", limit_mib=rules.max_batch_bytes >> 20))
            continue
        item = _read(opened, entry, min(left, rules.max_upload_bytes))
        # What was unpacked before it turned out to be broken cost as much as if it were not.
        left -= len(item.content) if isinstance(item.content, bytes) else min(max(entry.file_size, entry.compress_size), left)
        yield item


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> Item:
    try:
        if entry.flag_bits & _ENCRYPTED:
            return Item(_name(entry), Refusal(ENTRY_UNREADABLE, field="file"))
        with opened.open(entry) as stream:
            # One octet more than is taken tells that it is too large, whatever the directory says of its size.
            return Item(_name(entry), stream.read(most + 1))
    except _BROKEN:
        return Item(_name(entry), Refusal(ENTRY_UNREADABLE, field="file"))


def _check_directory(file: IO[bytes], rules: VerificationRules) -> None:
    """Look at what the directory claims to be before a library makes an object of each of its entries."""
    size = file.seek(0, 2)
    start = max(0, size - _TAIL)
    file.seek(start)
    tail = file.read(_TAIL)
    file.seek(0)
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size or tail[max(0, at - _LOCATOR) :].startswith(_END64_LOCATOR):
        raise Refusal(ZIP_UNREADABLE, field="file")
    *_, count, length, _place, _comment = _END.unpack_from(tail, at)
    if count > rules.max_batch_files or length > rules.max_batch_files * _ENTRY:
        raise Refusal(BATCH_TOO_MANY, field="file", limit=rules.max_batch_files)


def _name(entry: zipfile.ZipInfo) -> str:
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in entry.filename[:_MAX_NAME]
    )
