"""A node's own templates: ``page.typ`` and its pictures, read within bounds, known by the digest of all of it.

A type's document names a template and its digest, so a template is versioned with its type: a changed one is another template. What every
template may import is the house's ``base.typ``, which attaches the data. Left to others: typesetting it, in a process that has nothing but these
files (``service.typesetting``), where templates are kept (``service``), the house's own (``render``).
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from PIL import Image

from kernel.errors import Refusal
from licenses.errors.templates import TEMPLATE_INVALID

PAGE = "page.typ"
HOUSE = ("base.typ", "look.typ")
"""What the house adds to every template."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\.(typ|png|jpg)")
_FORMATS = {"png": "PNG", "jpg": "JPEG"}
_MAX_FILES = 16
_MAX_OCTETS = 512 * 1024
_MAX_TOGETHER = 2 * 1024 * 1024
_MAX_PIXELS = 4_000_000
MAX_SAMPLE_PICTURE = 2 * 1024 * 1024
"""Octets of the picture of one page of a sample; a licence has some hundred thousand."""
MAX_SAMPLE = 8 * 1024 * 1024
"""Octets of a whole sample: its PDF and its pictures."""


@dataclass(frozen=True, slots=True)
class Template:
    """The files of a template by name, and the digest (lower hex) by which a type's document binds it."""

    files: Mapping[str, bytes]
    sha256: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What a template makes of a sample: the page as PDF/A-3b, and each page of it as a picture (PNG)."""

    pdf: bytes
    pictures: Sequence[bytes]


class OwnTemplates(Protocol):
    """Typesets by the node's own templates, and keeps them; filled by ``service``."""

    def has(self, name: str, sha256: str) -> bool:
        """Tell whether there is such a template with this digest."""
        ...

    def typeset(self, name: str, sha256: str, inputs: Mapping[str, str], at: datetime) -> bytes:
        """Return the page as PDF/A-3b; ``Refusal(page_unprintable)`` for a template that there is not, or that fails, or costs too much."""
        ...

    def try_out(self, template: Template, name: str, inputs: Mapping[str, str], at: datetime) -> Tried:
        """Typeset by a template that need not be kept yet; ``Refusal`` as of ``typeset``."""
        ...

    def check_free(self, name: str, template: Template) -> None:
        """Refuse a name that no template can be kept under: it is none, it is another template's, or there is no place for any."""
        ...

    def add(self, name: str, template: Template) -> bool:
        """Keep a template, whole or not at all; False when it is there. ``Refusal`` as of ``check_free``."""
        ...

    def bind(self, type_code: str, name: str, sha256: str) -> int:
        """Write the next version of a type, which is of this template, and return its number; the newest one's where that is of it already."""
        ...


def read_template(folder: Path) -> Template:
    """Return the template in ``folder``; ``Refusal(template_invalid)`` for whatever is not one within the bounds."""
    try:
        paths = list(folder.iterdir())
    except OSError as error:
        raise _invalid(folder.name, error.strerror or type(error).__name__) from None
    return make_template((path.name, _opened(path)) for path in paths[: _MAX_FILES + 1])


def make_template(files: Iterable[tuple[str, IO[bytes]]]) -> Template:
    """Return the template that these files are, wherever they come from; ``Refusal(template_invalid)`` when they are none within the bounds."""
    read: dict[str, bytes] = {}
    for name, stream in files:
        with stream:
            if name in read or len(read) == _MAX_FILES:
                raise _invalid(name, f"> {_MAX_FILES} files" if name not in read else "twice")
            read[name] = _read(name, stream)
    if PAGE not in read:
        raise _invalid(PAGE, "missing")
    if sum(map(len, read.values())) > _MAX_TOGETHER:
        raise _invalid(PAGE, f"> {_MAX_TOGETHER} bytes")
    told = hashlib.sha256()
    for name, content in sorted(read.items()):
        told.update(f"{name}\0{len(content)}\0".encode() + content)
    return Template(read, told.hexdigest())


def _opened(path: Path) -> IO[bytes]:
    if path.is_symlink() or not path.is_file():
        raise _invalid(path.name, "no file")
    return path.open("rb")


def _read(name: str, stream: IO[bytes]) -> bytes:
    if not _NAME.fullmatch(name) or name in HOUSE:
        raise _invalid(name, "a-z 0-9 -, .typ .png .jpg")
    content = stream.read(_MAX_OCTETS + 1)
    if len(content) > _MAX_OCTETS:
        raise _invalid(name, f"> {_MAX_OCTETS} bytes")
    kind = name.rpartition(".")[2]
    if kind == "typ":
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            raise _invalid(name, "not UTF-8") from None
    else:
        _check_picture(name, content, _FORMATS[kind])
    return content


def _check_picture(name: str, content: bytes, wanted: str) -> None:
    """Refuse what is no picture of its kind, or has too many pixels; none is decoded before their number is known."""
    try:
        with Image.open(io.BytesIO(content), formats=(wanted,)) as picture:
            width, height = picture.size
            if width * height > _MAX_PIXELS:
                raise _invalid(name, f"> {_MAX_PIXELS} pixels")
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise _invalid(name, f"no {wanted}") from None


def _invalid(file: str, problem: str) -> Refusal:
    shown = file[:60] if file.isprintable() else ascii(file[:60])
    return Refusal(TEMPLATE_INVALID, field="template", file=shown, problem=problem)
