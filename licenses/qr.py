"""The QR code of a licence: the address of the node's page ``/v`` with, behind ``#``, which licence it is and a digest of its data.

What it says is not signed: it leads to the registry and is compared with it. A signed form that is verified without the network takes
another first character. Left to others: the page ``/v`` (``views``), comparing (``verify``).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

import segno

from kernel.errors import Refusal
from kernel.identifiers import LICENSE_ARC, parse_license_identifier
from licenses.errors import QR_INVALID

PAGE = "/v"
_FORM = "1"
_DIGEST_OCTETS = 10
"""80 bits: nobody finds other data for the same code, and the code stays small."""

_PAYLOAD = re.compile(r"1\.([0-9A-Z]{21}\.[0-9A-Z]{18}\.[0-9A-Z]{9,32}\.[0-9A-Z]{3}\.[0-9A-Z])\.([A-Z2-7]{16})")
_BYTE_MODE, _ALPHANUMERIC_MODE = 4, 2  # ISO/IEC 18004, table 2
_QUIET = 4
_DARK = re.compile(rb"\x01+")
_MASK = 3  # a fixed mask saves four fifths of the time; the data mask has no effect on what is decoded


@dataclass(frozen=True, slots=True)
class QrClaim:
    """What a QR code says: the licence's identifier, and the first octets of the SHA-256 of its data."""

    identifier: str
    data_digest: bytes

    def agrees_with(self, data_sha256: bytes) -> bool:
        """Tell whether data with this SHA-256 is the data that the code was printed for."""
        return data_sha256[:_DIGEST_OCTETS] == self.data_digest


def payload(identifier: str, data_sha256: bytes) -> str:
    """Return what stands behind ``#``: characters of the alphanumeric mode only, so that the code stays small."""
    short = identifier.removeprefix(LICENSE_ARC + ".")
    digest = base64.b32encode(data_sha256[:_DIGEST_OCTETS]).decode()
    return f"{_FORM}.{short}.{digest}"


def address(node_url: str, said: str) -> str:
    """Return the whole text of the QR code."""
    return f"{node_url}{PAGE}#{said}"


def parse_payload(text: str) -> QrClaim:
    """Return what the payload ``text`` (with or without the address before ``#``) says; ``Refusal`` (``qr_invalid``) else."""
    match = _PAYLOAD.fullmatch(text[-200:].rpartition("#")[2])
    if match is None:
        raise Refusal(QR_INVALID)
    try:
        identifier = parse_license_identifier(f"{LICENSE_ARC}.{match[1]}")
    except ValueError:
        raise Refusal(QR_INVALID) from None
    return QrClaim(str(identifier), base64.b32decode(match[2]))


def picture(node_url: str, said: str) -> str:
    """Return the QR code as SVG, with the quiet zone of four modules that ISO/IEC 18004 wants."""
    segments: Any = [(f"{node_url}{PAGE}#", _BYTE_MODE), (said, _ALPHANUMERIC_MODE)]  # a form that segno's stub leaves out
    code = segno.make(segments, error="m", boost_error=False, micro=False, mask=_MASK)
    size = len(code.matrix) + 2 * _QUIET
    # segno's own writer takes ten times as long.
    runs = "".join(
        f"M{run.start() + _QUIET} {row + _QUIET}.5h{run.end() - run.start()}"
        for row, modules in enumerate(code.matrix)
        for run in _DARK.finditer(modules)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/>'
        f'<path stroke="#000" d="{runs}"/></svg>'
    )
