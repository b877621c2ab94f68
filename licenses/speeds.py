"""The ways to read a document, the fastest first. Whichever one answers, the reading is the same.

Left to others: each way (``reading_json`` in a process of its own), judging (``verify``).
"""

from __future__ import annotations

from kernel.errors import Refusal
from licenses import reading_json
from licenses.errors import DOCUMENT_TOO_COSTLY
from licenses.ports import LicenseDeps
from licenses.reading import Reading


def read(deps: LicenseDeps, pdf: bytes, sha256: str) -> Reading:
    """Return what ``pdf`` shows; ``Refusal`` when it cannot be read."""
    return _forensic(deps, pdf, sha256)


def _forensic(deps: LicenseDeps, pdf: bytes, sha256: str) -> Reading:
    """Have it taken apart. Who answers has read an outsider's file: it may say what it likes, but not of another file."""
    try:
        found = reading_json.load(deps.take_apart(pdf))
    except ValueError as error:
        raise Refusal(DOCUMENT_TOO_COSTLY) from error
    if (found.sha256, found.size) != (sha256, len(pdf)):
        raise Refusal(DOCUMENT_TOO_COSTLY)
    return found
