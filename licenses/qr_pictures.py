"""QR codes as pictures: drawn for the page, and read from photographs and scans that strangers send.

Left to others: what the code says (``qr``).
"""

from __future__ import annotations

import re
from io import BytesIO
from math import isqrt
from typing import Any

import zxingcpp
from PIL import Image

from kernel.errors import Refusal
from licenses.errors import QR_PICTURE_TOO_LARGE, QR_PICTURE_UNREADABLE

MAX_PICTURE_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 50_000_000
_FORMATS = ("PNG", "JPEG", "WEBP")
_LONGEST_SIDE = 3000
_QUIET = 4
_QR_CODES = zxingcpp.barcode_formats_from_str("QRCode")
_DARK = re.compile(rb"\x00+")


def picture(text: str) -> str:
    """Return a QR code of ``text`` as SVG, with the quiet zone of four modules that ISO/IEC 18004 wants."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawn: Any = code.to_image(scale=1, add_quiet_zones=False)  # a buffer, which its type does not say
    rows = bytes(memoryview(drawn).cast("B"))
    modules = isqrt(len(rows))
    size = modules + 2 * _QUIET
    # The writer's own SVG takes as long as everything else together, and says which program drew it.
    runs = "".join(
        f"M{run.start() + _QUIET} {row + _QUIET}.5h{run.end() - run.start()}"
        for row in range(modules)
        for run in _DARK.finditer(rows[row * modules : (row + 1) * modules])
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/>'
        f'<path stroke="#000" d="{runs}"/></svg>'
    )


def is_picture(data: bytes) -> bool:
    """Tell whether what begins so is one of the pictures that are read."""
    return data.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def read_picture(data: bytes) -> str:
    """Return the text of the one QR code in a picture; ``Refusal`` for no picture, none or several codes, too many octets or pixels.

    The size is looked at before a pixel is decoded, and nothing but the first frame is.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise Refusal(QR_PICTURE_TOO_LARGE)
    try:
        grey = _grey(data)
    except Refusal:
        raise
    except Exception:  # noqa: BLE001 - decoders of strangers' pictures fail in many ways; each means the same
        raise Refusal(QR_PICTURE_UNREADABLE) from None
    found = {code.text for code in zxingcpp.read_barcodes(grey, formats=_QR_CODES) if code.valid}
    if len(found) != 1:
        raise Refusal(QR_PICTURE_UNREADABLE)
    return found.pop()


def _grey(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Refusal(QR_PICTURE_TOO_LARGE)
        image.draft("L", (_LONGEST_SIDE, _LONGEST_SIDE))
        grey = image.convert("L")
    grey.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    return grey
