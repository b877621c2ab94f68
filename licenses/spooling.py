"""Takes a large body of a request to the disk before it is read. Left to others: how large it may be (views)."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

_IN_MEMORY = 8 * 1024 * 1024
_PIECE = 256 * 1024


def spooled(stream: IO[bytes]) -> BinaryIO:
    """Return all of ``stream`` as a file; whoever gets it closes it."""
    spool = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - it lives as long as the answer
    while piece := stream.read(_PIECE):
        spool.write(piece)
    spool.seek(0)
    return cast("BinaryIO", spool)
