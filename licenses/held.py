"""Which licences are a holder's, with their types.

Left to others: what else their pages tell (``wallet``), what other nodes are told (``elsewhere``).
"""

from __future__ import annotations

from collections.abc import Sequence

from licenses.kinds import Kind, kind_of
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord


def list_own(deps: LicenseDeps, holder_id: str) -> Sequence[tuple[LicenseRecord, Kind]]:
    """Return the holder's licences, the newest first, with their types; of one that was replaced, the newest version."""
    with deps.work.read() as work:
        records = work.records.held_by(holder_id)
    return [(one, kind_of(deps, one)) for one in newest(records)]


def newest(records: Sequence[LicenseRecord]) -> Sequence[LicenseRecord]:
    """Return a holder's licences without the versions that others replaced."""
    replaced = {one.replaces for one in records}
    return [one for one in records if one.identifier not in replaced]
