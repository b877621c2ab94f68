"""A licence that nobody holds, for looking at a type's page before it is used: every field filled as its kind wants it, rare characters too.

Left to others: the page (``render``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from licenses.data import make_identifier
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord
from licenses.verdict import BEIJING
from policies.models import FieldKind, HolderKind, LicenseType

_ISSUER = "11440000MB2D0339XY"
_NUMBER = "000000000000000000"
_HOLDERS: Mapping[HolderKind, tuple[str, str]] = {
    "citizen": ("林𠮷", "11010519491231002X"),
    "enterprise": ("样张示范有限公司", "91110000600037341L"),
}
_VALUES: Mapping[FieldKind, str] = {
    "amount": "100万元",
    "area": "88.50㎡",
    "resident_id": "11010519491231002X",
    "uscc": "91110000600037341L",
    "date": "2026-01-31",
    "number": "12.5",
    "person": "林𠮷",
    "text": "样张示例内容",
    "choice": "",
}


def sample(deps: LicenseDeps, kind: LicenseType) -> LicenseRecord:
    """Return the sample licence of a type."""
    now = deps.clock.now()
    today = now.astimezone(BEIJING).date()
    name, code = _HOLDERS[kind.holder_kind]
    return LicenseRecord(
        identifier=make_identifier(type_code=kind.code, issuer_uscc=_ISSUER, number=_NUMBER),
        number=_NUMBER,
        version="001",
        type_code=kind.code,
        holder_kind=kind.holder_kind,
        holder_name=name,
        holder_id=code,
        issuer_uscc=_ISSUER,
        issuer_name=f"{deps.node.name}样张示范局",
        area_code=deps.node.code,
        issue_date=today,
        valid_from=today,
        valid_to=today + timedelta(days=kind.max_validity_days or 365),
        fields={field.key: field.choices[0] if field.choices else _VALUES[field.kind] for field in kind.fields},
        application_digest="",
        requested_at=now,
        status_index=0,
        type_version=kind.version,
    )
