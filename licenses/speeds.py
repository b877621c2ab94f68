"""The ways to read a document, the fastest first. Whichever one answers, the reading is the same.

1. It is known by its SHA-256: this node issued it, and it was read before (``known``).
2. It is in the form that this system writes, with nothing wrong about it (``own_form``).
3. Anything else is taken apart, by a process that may be lost over it (``reading_json``).

Left to others: each way, judging (``verify``).
"""

from __future__ import annotations

from collections.abc import Iterator

from kernel.errors import Refusal
from licenses import known, own_form, reading_json
from licenses.errors import DOCUMENT_TOO_COSTLY
from licenses.ports import LicenseDeps
from licenses.reading import Reading
from licenses.registry_records import Known


def readings(deps: LicenseDeps, pdf: bytes, sha256: str, found: Known | None) -> Iterator[Reading]:
    """Yield what ``pdf`` shows: first without the evidence that came with it, if that is known, then with it. ``Refusal`` when it cannot be read."""
    kept = None if found is None else known.find_reading(deps, found, len(pdf))
    if kept is not None:
        yield kept
    yield read_whole(deps, pdf, sha256)


def read_whole(deps: LicenseDeps, pdf: bytes, sha256: str) -> Reading:
    """Return what ``pdf`` shows, with the evidence that came with it; ``Refusal`` when it cannot be read."""
    return own_form.find_reading(pdf, sha256) or take_apart(deps, pdf, sha256)


def take_apart(deps: LicenseDeps, pdf: bytes, sha256: str) -> Reading:
    """Have it taken apart. Who answers has read an outsider's file: it may say what it likes, but not of another file."""
    try:
        found = reading_json.load(deps.take_apart(pdf))
    except ValueError as error:
        raise Refusal(DOCUMENT_TOO_COSTLY) from error
    if (found.sha256, found.size) != (sha256, len(pdf)):
        raise Refusal(DOCUMENT_TOO_COSTLY)
    return found
