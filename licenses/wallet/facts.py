"""What a licence says, line by line, and which of the lines somebody is shown. Keys are those of GB/T 36903.

Left to others: the page, who may see what (``sharing``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from kernel.errors import Text
from kernel.text import mask
from licenses.kinds import Kind
from licenses.registry_records import LicenseRecord

MASKED = "_MASKED"
"""What is added to the key of a holder's code when its middle is hidden."""

_HOLDER_ID = {"citizen": Text("身份证号码", "Resident ID"), "enterprise": Text("统一社会信用代码", "Unified social credit code")}
_USUAL = ("CZZT", "ZZBH", "ZZBFJG", "ZZYXQJZRQ")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. ``usual``: chosen to be shown unless the holder says otherwise. A day is a date, None for one without end."""

    key: str
    label: Text
    value: str | date | None = field(repr=False)
    usual: bool = False


def facts_of(record: LicenseRecord, kind: Kind) -> Sequence[Fact]:
    """Return all lines of a licence; the holder's code twice, once with its middle hidden."""
    code = _HOLDER_ID[record.holder_kind]
    hidden = Text(f"{code.zh}（隐去中间）", f"{code.en} (middle hidden)")
    lines = [
        Fact("CZZT", Text("持证主体", "Holder"), record.holder_name),
        Fact(f"CZZTDM{MASKED}", hidden, mask(record.holder_id, head=3, tail=2)),
        Fact("CZZTDM", code, record.holder_id),
        Fact("ZZBH", Text("证照编号", "Number"), record.number),
        Fact("ZZBFJG", Text("发证机关", "Issuer"), record.issuer_name),
        Fact("ZZBFRQ", Text("发证日期", "Issued on"), record.issue_date),
        Fact("ZZYXQQSRQ", Text("有效期自", "Valid from"), record.valid_from),
        Fact("ZZYXQJZRQ", Text("有效期至", "Valid until"), record.valid_to),
    ]
    lines += [Fact(key, label, record.fields[key]) for key, label in kind.labels.items() if key in record.fields]
    return [Fact(one.key, one.label, one.value, usual=one.key in _USUAL) for one in lines]


def chosen(facts: Sequence[Fact], keys: Collection[str]) -> Sequence[Fact]:
    """Return the lines of these keys; a holder's code that is shown whole is not shown hidden as well."""
    return [one for one in facts if one.key in keys and not (one.key.endswith(MASKED) and one.key.removesuffix(MASKED) in keys)]
