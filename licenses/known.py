"""What is kept of a licence of this node, read as soon as it is sealed: all that the judge wants of the file, so that its SHA-256 is enough.

The holder's data are not among it: they are the registry's, and count only if they are, octet for octet, what the file has attached.
Evidence that came in the file is not kept either; where some is missing, the file is read again.

Left to others: storing (``storage``), the written form (``reading_json``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from licenses import own_form, reading_json
from licenses.data import LicenseData, describe
from licenses.own_log import remember
from licenses.ports import LicenseDeps
from licenses.reading import Reading
from licenses.registry_records import Known
from policies.licenses import find_type


def find_reading(deps: LicenseDeps, known: Known, size: int) -> Reading | None:
    """Return what the file shows, by what was kept of it; None when nothing is kept or the registry has other data now."""
    if known.reading is None:
        return None
    try:
        url, status_uri, kept = json.loads(known.reading)
        found = reading_json.load_value(kept)
    except ValueError:
        return None
    data = _data(deps, known, url, status_uri)
    if data is None or (found.sha256, found.size) != (known.record.pdf_sha256, size) or not _agrees(deps, found, data):
        return None
    return replace(found, data=data)


def read_sealed(pdf: bytes, sha256: str) -> bytes | None:
    """Return what is to be kept of a document that this node has just sealed; None for one that its own form does not fit."""
    found = own_form.find_reading(pdf, sha256)
    return None if found is None else keep(found)


def keep(reading: Reading) -> bytes | None:
    """Return what is to be kept of a sound document; None for any other."""
    seal, data = reading.seal, reading.data
    if data is None or seal is None or seal.gap is not None or seal.flaw is not None or reading.changes:
        return None
    bare = replace(reading, data=None, certificates=(), crls=())
    # A node's address may change while its licences last.
    return json.dumps([data.node_url, data.status_uri, reading_json.as_json(bare)], separators=(",", ":")).encode()


def _agrees(deps: LicenseDeps, found: Reading, data: LicenseData) -> bool:
    """Tell whether ``data`` is what was attached; data that was is remembered, so that it need not be written out and hashed again."""
    remembered = f"data:{found.sha256}"
    if deps.kept.get(remembered) == data:
        return True
    agrees = hashlib.sha256(data.to_bytes()).hexdigest() == found.attachment_sha256
    if agrees:
        remember(deps.kept, remembered, data)
    return agrees


def _data(deps: LicenseDeps, known: Known, url: str, status_uri: str) -> LicenseData | None:
    kind = find_type(deps.policies.licenses, known.record.type_code, known.record.type_version)
    if kind is None:
        return None
    return replace(describe(known.record, kind.name, deps.node), node_url=url, status_uri=status_uri)
