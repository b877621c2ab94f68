"""What a licence's type is called, and what its lines are, to whoever is shown the licence: also when no catalogue has the type any more.

Then its name is the one that was sealed, and its lines have the keys that are stored. Left to others: types (``policies``), pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.errors import ChaoxinError, Text
from licenses import archive, own_form
from licenses.own_log import remember
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from pki import archive_stamps
from policies.licenses import find_type

_GREY = "#6b7280"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type as it is shown: its name and colour, and what its extension fields are called, by their keys; ``listed``: the catalogue has it."""

    name: Text
    accent: str
    labels: Mapping[str, Text]
    listed: bool


def kind_of(deps: LicenseDeps, record: LicenseRecord) -> Kind:
    """Return the type of a licence; the name of one that is in no catalogue any more says so."""
    found = find_type(deps.policies.licenses, record.type_code, record.type_version)
    if found is not None:
        labels = {one.key: Text(one.name, one.name_en) for one in found.fields}
        return Kind(Text(found.name, found.name_en), found.accent, labels, listed=True)
    sealed, labels = _sealed_name(deps, record), {key: Text(key, key) for key in record.fields}
    name = Text(f"{sealed}（类型已不在目录）", f"{sealed} (type no longer in the catalogue)")
    return Kind(name, _GREY, labels, listed=False)


def name_of(deps: LicenseDeps, record: LicenseRecord) -> str:
    """Return what the licence itself says that its type is called."""
    found = find_type(deps.policies.licenses, record.type_code, record.type_version)
    return _sealed_name(deps, record) if found is None else found.name


def _sealed_name(deps: LicenseDeps, record: LicenseRecord) -> str:
    """Return the name in the sealed document, which is read once; the type's code where, or as long as, it cannot be read."""
    remembered = f"type:{record.pdf_sha256}"
    name: str | None = deps.kept.get(remembered)
    if name is None and (name := _find_name(deps, record)) is not None:
        remember(deps.kept, remembered, name)
    return name or record.type_code


def _find_name(deps: LicenseDeps, record: LicenseRecord) -> str | None:
    try:
        document, _stamps = archive_stamps.peel(archive.get_document(deps, record))
    except ChaoxinError:
        return None
    reading = own_form.find_reading(document, record.pdf_sha256 or "")
    return None if reading is None or reading.data is None else reading.data.type_name
