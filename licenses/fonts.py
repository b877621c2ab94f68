"""The fonts that licences are printed with, and which characters they have. Nothing here is loaded before the first page.

A character that none of them has is refused by name before anything is signed: a page never shows an empty box. Left to others:
the order in which a page uses the fonts (``templates/typst/base.typ``, which names the same families).
"""

from __future__ import annotations

import struct
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_PACKAGED = (
    ("pylopdf_fonts_zh_cn", "NotoSerifSC-Regular.otf"),
    ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"),
    ("noto_cjk_sans_jp_regular", "NotoSansCJKjp-Regular.otf"),
)
_INSTALLED = (
    Path("/usr/share/fonts/truetype/hanazono/HanaMinA.ttf"),
    Path("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf"),
)
"""Debian's fonts-hanazono, used where it is there: 87,000 characters more."""

_UNICODE_SUBTABLES = {(3, 10), (0, 4), (0, 6), (3, 1), (0, 3)}
_FORMAT_SEGMENTS, _FORMAT_GROUPS = 4, 12
_END_MARKER = 0xFFFF


def font_files() -> tuple[Path, ...]:
    """Return the font files in the order in which a page looks for a character."""
    packaged = tuple(_package_folder(package) / name for package, name in _PACKAGED)
    return packaged + tuple(path for path in _INSTALLED if path.is_file())


def font_folders() -> tuple[Path, ...]:
    """Return the folders that hold them."""
    return tuple(dict.fromkeys(path.parent for path in font_files()))


@cache
def printable() -> Coverage:
    """Return the characters that can be printed; read from the fonts once a process."""
    spans: list[tuple[int, int]] = []
    for path in font_files():
        spans.extend(_character_spans(path))
    return Coverage(spans)


class Coverage:
    """A set of characters as one bit each: 139 kB instead of the megabytes of a Python set."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        bits = bytearray((0x110000 + 7) // 8)
        for first, last in spans:
            for point in range(first, last + 1):
                bits[point >> 3] |= 1 << (point & 7)
        self._bits = bytes(bits)

    def __contains__(self, character: str) -> bool:
        point = ord(character)
        return bool(self._bits[point >> 3] >> (point & 7) & 1)

    def find_missing(self, text: str) -> str | None:
        """Return the first character of ``text`` that no font has, or None."""
        return next((character for character in text if character not in self), None)


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        message = f"the font package {package} is not installed"
        raise RuntimeError(message)
    return Path(spec.origin).parent


def _character_spans(path: Path) -> list[tuple[int, int]]:
    """Return the spans of characters that the font's ``cmap`` maps (OpenType 1.9, cmap formats 4 and 12)."""
    with path.open("rb") as file:
        header = file.read(12)
        (tables,) = struct.unpack(">H", header[4:6])
        for _ in range(tables):
            tag, _checksum, offset, length = struct.unpack(">4sLLL", file.read(16))
            if tag == b"cmap":
                file.seek(offset)
                return _cmap_spans(file.read(length))
    return []


def _cmap_spans(cmap: bytes) -> list[tuple[int, int]]:
    (count,) = struct.unpack(">H", cmap[2:4])
    spans: list[tuple[int, int]] = []
    for index in range(count):
        platform, encoding, offset = struct.unpack(">HHL", cmap[4 + 8 * index : 12 + 8 * index])
        if (platform, encoding) not in _UNICODE_SUBTABLES:
            continue
        (form,) = struct.unpack(">H", cmap[offset : offset + 2])
        if form == _FORMAT_GROUPS:
            (groups,) = struct.unpack(">L", cmap[offset + 12 : offset + 16])
            triples = struct.iter_unpack(">LLL", cmap[offset + 16 : offset + 16 + 12 * groups])
            spans.extend((first, last) for first, last, _glyph in triples)
        elif form == _FORMAT_SEGMENTS:
            spans.extend(_segments(cmap, offset))
    return spans


def _segments(cmap: bytes, offset: int) -> list[tuple[int, int]]:
    (doubled,) = struct.unpack(">H", cmap[offset + 6 : offset + 8])
    ends = struct.unpack(f">{doubled // 2}H", cmap[offset + 14 : offset + 14 + doubled])
    start = offset + 16 + doubled
    firsts = struct.unpack(f">{doubled // 2}H", cmap[start : start + doubled])
    return [(first, last) for first, last in zip(firsts, ends, strict=True) if first != _END_MARKER]
