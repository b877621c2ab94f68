"""Which licences are a holder's, with their types.

Left to others: what else their pages tell (``wallet``), what other nodes are told (``elsewhere``).
"""

from __future__ import annotations

from collections.abc import Sequence

from kernel.errors import Refusal
from licenses.errors import LICENSE_NOT_FOUND
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from policies.licenses import find_type
from policies.models import LicenseType


def list_own(deps: LicenseDeps, holder_id: str) -> Sequence[tuple[LicenseRecord, LicenseType | None]]:
    """Return the holder's licences, the newest first, with their types, None for one in no catalogue; of one that was replaced, the newest version."""
    with deps.work.read() as work:
        records = work.records.held_by(holder_id)
    return [(one, _find_type(deps, one)) for one in newest(records)]


def newest(records: Sequence[LicenseRecord]) -> Sequence[LicenseRecord]:
    """Return a holder's licences without the versions that others replaced."""
    replaced = {one.replaces for one in records}
    return [one for one in records if one.identifier not in replaced]


def get_type(deps: LicenseDeps, record: LicenseRecord) -> LicenseType:
    """Return the type of a licence; what one says whose type is in no catalogue any more cannot be shown."""
    kind = _find_type(deps, record)
    if kind is None:
        raise Refusal(LICENSE_NOT_FOUND, field="identifier")
    return kind


def _find_type(deps: LicenseDeps, record: LicenseRecord) -> LicenseType | None:
    return find_type(deps.policies.licenses, record.type_code, record.type_version)
