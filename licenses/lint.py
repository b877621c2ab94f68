"""Looks at a licence before it is sealed, and again at what was sealed: the file by a reader of its own, what it says by today's rules.

Left to others: the throwaway seal under which it is looked at (``pki.rehearsal``), refusing (``seals``), the nightly look (``review``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from kernel.errors import Refusal
from kernel.identifiers import parse_license_identifier
from licenses import own_form
from licenses.applications import is_holder_id
from licenses.data import COPY_FIELDS, describe
from licenses.extras import check_value
from licenses.ports import LicenseDeps
from licenses.reading import Reading
from licenses.registry_records import LicenseRecord
from pki.lint import Fault
from policies.licenses import find_type
from policies.models import LicenseType

TYPE = "type"
"""The fault of a licence whose type is in no catalogue."""


def find_faults(deps: LicenseDeps, record: LicenseRecord, pdf: bytes, *, digest: bytes | None = None) -> list[Fault]:
    """Return what is wrong with the licence of ``record`` as the file ``pdf``; ``digest`` is what its seal must be over, where that is known."""
    kind = find_type(deps.policies.licenses, record.type_code, record.type_version)
    reading = own_form.find_reading(pdf, hashlib.sha256(pdf).hexdigest())
    if (
        reading is None or reading.data is None
    ):  # structure, one certifying seal over the whole file that holds, its time-stamp, the data
        return [Fault("form", "not the form that this system writes")]
    if kind is None:
        return [*_file_faults(deps, record, reading.data.type_name, reading, digest), Fault(TYPE, record.type_code)]
    return [*_file_faults(deps, record, kind.name, reading, digest), *_content_faults(record, kind)]


def _file_faults(
    deps: LicenseDeps, record: LicenseRecord, type_name: str, reading: Reading, digest: bytes | None
) -> Iterator[Fault]:
    if digest is not None and (reading.seal is None or reading.seal.digest != digest.hex()):
        yield Fault("digest", "not the bytes that are to be signed")
    wanted = describe(record, type_name, deps.node)
    if reading.data != wanted or reading.attachment_sha256 != hashlib.sha256(wanted.to_bytes()).hexdigest():
        yield Fault("data", "not what is recorded")
    if not reading.certificates or not reading.crls:
        yield Fault("evidence", "no certificates or no revocation lists")
    if reading.size > deps.policies.licenses.verification.max_upload_bytes:
        yield Fault("size", f"{reading.size} octets")


def _content_faults(record: LicenseRecord, kind: LicenseType) -> Iterator[Fault]:
    try:
        parse_license_identifier(record.identifier)
    except ValueError as error:
        yield Fault("identifier", str(error))
    if record.holder_kind != kind.holder_kind or not is_holder_id(record.holder_kind, record.holder_id):
        yield Fault("holder", "kind or code")
    if record.valid_to is None:
        if kind.validity_required or kind.max_validity_days is not None:
            yield Fault("dates", "no end")
    elif not 0 <= (record.valid_to - record.valid_from).days <= (kind.max_validity_days or record.valid_to.toordinal()):
        yield Fault("dates", "reversed, or too far apart")
    yield from _field_faults(record.fields, kind)


def _field_faults(values: Mapping[str, str], kind: LicenseType) -> Iterator[Fault]:
    known = {field.key: field for field in kind.fields}
    for key in values.keys() - known.keys() - COPY_FIELDS:
        yield Fault("field", f"{key} is none of the type's")
    for key, field in known.items():
        if key not in values:
            if field.required:
                yield Fault("field", f"{key} is missing")
            continue
        try:
            check_value(field, values[key])
        except Refusal:
            yield Fault("field", f"{key} is not as it must be")
