"""Finds licences in the registry and takes their documents out of it, proven to be what was recorded.

Left to others: who may see one (``views``, the commands), whether one is genuine (``verify``).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from kernel.errors import Misuse, Refusal
from licenses.data import COPY_NUMBER
from licenses.errors import DOCUMENT_DAMAGED, LICENSE_NOT_FOUND
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from pki import archive_stamps

DOCUMENT_CONTEXT = "licenses.document"


def get_license(deps: LicenseDeps, name: str) -> LicenseRecord:
    """Return the issued licence with this number or identifier; ``Refusal`` (``license_not_found``) when there is none."""
    with deps.work.read() as work:
        found = work.records.find_number(name) or work.records.find_license(name)
    if found is None or found.state != "issued":
        raise Refusal(LICENSE_NOT_FOUND, field="identifier")
    return found


def get_document(deps: LicenseDeps, record: LicenseRecord) -> bytes:
    """Return the PDF of an issued licence, with its archive time-stamps; ``Misuse`` (``document_damaged``) when it is not what was recorded."""
    with deps.work.read() as work:
        stored = work.records.find_document(record.identifier)
    if stored is None:
        raise Refusal(LICENSE_NOT_FOUND, field="identifier")
    pdf = deps.vault.decrypt_bytes(stored, DOCUMENT_CONTEXT)
    if hashlib.sha256(archive_stamps.peel(pdf)[0]).hexdigest() != record.pdf_sha256:
        raise Misuse(DOCUMENT_DAMAGED, identifier=record.identifier)
    return pdf


def get_copy(deps: LicenseDeps, pdf_sha256: str) -> tuple[LicenseRecord, bytes]:
    """Return an annotated copy: its licence with what the copy adds, and its PDF; ``Refusal`` when there is none."""
    with deps.work.read() as work:
        known, stored = work.records.find_known([pdf_sha256]).get(pdf_sha256), work.records.find_copy_document(pdf_sha256)
    if known is None or stored is None:
        raise Refusal(LICENSE_NOT_FOUND, field="identifier")
    record = known.record
    pdf = deps.vault.decrypt_bytes(stored, DOCUMENT_CONTEXT)
    if hashlib.sha256(pdf).hexdigest() != pdf_sha256:
        raise Misuse(DOCUMENT_DAMAGED, identifier=record.identifier)
    return record, pdf


def file_name(record: LicenseRecord) -> str:
    """Return the name of a licence's file: its number, which has digits and capital letters only, and which copy it is."""
    copy = record.fields.get(COPY_NUMBER)
    return f"{record.number}.pdf" if copy is None else f"{record.number}-JZ{copy}.pdf"


def write_document(folder: Path, record: LicenseRecord, pdf: bytes) -> Path:
    """Write a licence's PDF into ``folder``, whole or not at all, and return its path; ``OSError`` when it cannot be written."""
    path = folder / file_name(record)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pdf)
        os.replace(temporary, path)  # noqa: PTH105 - the name is a string here
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
