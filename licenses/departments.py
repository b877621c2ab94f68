"""Registers departments from a CSV file: strict, row by row, again and again without harm.

Left to others: reading the file (``rows``), who may do this (``admin_ui``, the command line).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from kernel.audit import AuditEvent
from kernel.errors import Refusal
from kernel.identifiers import is_uscc
from kernel.nodes import is_area_code
from kernel.rows import Columns, Row, RowFile
from kernel.text import find_unwanted_character, normal_form
from licenses.errors import BAD_AREA, DEPARTMENT_NAME, DEPARTMENT_TWICE, ISSUER_ID_CHECK, UNKNOWN_TYPE
from licenses.ports import LicenseDeps
from licenses.shelf_records import Department

COLUMNS = Columns(required=("uscc", "name", "area_code", "types"), optional=("row",))
MAX_ROWS = 100_000
_NAME_LENGTH = 64 - len("电子证照专用章")
"""The name stands in the seal's certificate, where 64 characters are the limit (RFC 5280 A.1, ub-common-name)."""

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class DepartmentOutcome:
    """What became of a row."""

    row: str
    outcome: Literal["added", "unchanged", "refused"]
    uscc: str
    name: str
    refusal: Refusal | None = None


def import_departments(deps: LicenseDeps, file: RowFile, *, actor: str) -> list[DepartmentOutcome]:
    """Register the departments of ``file`` in one transaction; good rows are registered, faulty ones refused."""
    known = frozenset(kind.code for kind in deps.policies.licenses.types)
    seen: dict[str, Department] = {}
    outcomes: list[DepartmentOutcome] = []
    now = deps.clock.now()
    with deps.work.begin() as work:
        for row in file.rows():
            try:
                department = _read(row, known, seen)
            except Refusal as refusal:
                outcomes.append(DepartmentOutcome(row.label, "refused", "", "", refusal))
                continue
            changed = work.records.put_department(department, now)
            if changed:
                details = {"area_code": department.area_code, "types": list(department.types)}
                event = AuditEvent(now, actor, "licenses.put_department", f"department:{department.uscc}", "ok", details)
                work.audit.record(event)
            outcomes.append(DepartmentOutcome(row.label, "added" if changed else "unchanged", department.uscc, department.name))
    return outcomes


def check_department(values: Mapping[str, str], known_types: Collection[str]) -> Department:
    """Return the department that a row makes; ``Refusal`` with the column at fault otherwise."""
    name = normal_form(values["name"])
    if not 0 < len(name) <= _NAME_LENGTH or find_unwanted_character(name) is not None:
        raise Refusal(DEPARTMENT_NAME, field="name", limit=_NAME_LENGTH)
    uscc, area = values["uscc"].strip(), values["area_code"].strip()
    if not is_uscc(uscc):
        raise Refusal(ISSUER_ID_CHECK, field="uscc")
    if not is_area_code(area):
        raise Refusal(BAD_AREA, field="area_code", found=area[:_SHOWN])
    types = tuple(dict.fromkeys(code for code in (part.strip() for part in values["types"].split(";")) if code))
    for code in types:
        if code not in known_types:
            raise Refusal(UNKNOWN_TYPE, field="types", type_code=code[:_SHOWN])
    return Department(uscc, name, area, types)


def _read(row: Row, known_types: Collection[str], seen: dict[str, Department]) -> Department:
    if row.fault is not None:
        raise row.fault
    department = check_department(row.values, known_types)
    if seen.setdefault(department.uscc, department) != department:
        raise Refusal(DEPARTMENT_TWICE, field="uscc", uscc=department.uscc)
    return department
