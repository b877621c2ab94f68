"""New versions of a licence: what of it may differ, and the intent that the version starts as. The number stays; the identifier's version counts.

Left to others: the order (``orders``), sealing and recording, which also ends the version before (``issue``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from kernel.errors import Refusal
from kernel.text import normal_form
from licenses import numbering, render
from licenses.applications import COLUMNS, check_permitted, content
from licenses.errors import UNKNOWN_TYPE
from licenses.errors.life import ACT_COLUMN, ACT_UNCHANGED, ACT_WAITING, NO_MORE_VERSIONS
from licenses.issue import new_intent
from licenses.life.transitions import TRANSITIONS, words_of
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import Application, LicenseRecord
from policies.licenses import find_type
from policies.life_models import ActName

_LAST = 999
_DIGEST_CONTEXT = "licenses.version"


def whole_row(given: Mapping[str, str]) -> dict[str, str]:
    """Return a whole row of an application: what is not given is empty; ``Refusal`` for a column that there is not."""
    check_columns("issue", given, COLUMNS.required)
    return {column: given.get(column, "") for column in COLUMNS.required}


def check_columns(name: ActName, given: Mapping[str, str], allowed: Collection[str]) -> None:
    """Refuse the first column that the act may not change."""
    words = words_of(name)
    for column in given:
        if column not in allowed:
            shown = column[:40] if column.isprintable() else "?"
            columns = ", ".join(sorted(allowed)) or "-"
            raise Refusal(ACT_COLUMN, field=shown, act_zh=words.zh, act_en=words.en, column=shown, columns=columns)


def row_of(deps: LicenseDeps, record: LicenseRecord) -> dict[str, str]:
    """Return the application that would lead to this licence as it stands."""
    kind = find_type(deps.policies.licenses, record.type_code)
    if kind is None:
        raise Refusal(UNKNOWN_TYPE, field="type_code", type_code=record.type_code)
    return {
        "type_name": kind.name,
        "type_code": record.type_code,
        "number": record.number,
        "holder_kind": record.holder_kind,
        "holder_name": record.holder_name,
        "holder_id": record.holder_id,
        "issuer_name": record.issuer_name,
        "issuer_id": record.issuer_uscc,
        "area_code": record.area_code,
        "issue_date": record.issue_date.isoformat(),
        "valid_from": record.valid_from.isoformat(),
        "valid_to": record.valid_to.isoformat() if record.valid_to else "",
        "extra": ";".join(f"{field.name}={record.fields[field.key]}" for field in kind.fields if field.key in record.fields),
    }


def changed_row(
    deps: LicenseDeps, records: LicenseRecords, record: LicenseRecord, name: ActName, changes: Mapping[str, str]
) -> dict[str, str]:
    """Return the application of the next version; ``Refusal`` for a column that may not change, and where none does."""
    may_change = TRANSITIONS[name].may_change or frozenset()
    check_columns(name, changes, may_change)
    before = row_of(deps, record)
    row = {**before, **{column: normal_form(text) for column, text in changes.items()}}
    if row == before and name != "replace":
        words = words_of(name)
        raise Refusal(ACT_UNCHANGED, field="columns", act_zh=words.zh, act_en=words.en, columns=", ".join(sorted(may_change)))
    # Its issuer may have another name by now, which the new version bears.
    issuer = records.find_department(record.issuer_uscc)
    return {**row, "issuer_name": issuer.name if issuer else record.issuer_name}


def reserve_version(deps: LicenseDeps, records: LicenseRecords, old: LicenseRecord, application: Application) -> LicenseRecord:
    """Store the intent of the version after ``old``; ``Refusal`` when somebody else makes it at this moment."""
    kind = check_permitted(
        records.find_department(application.issuer_uscc),
        issuer_uscc=application.issuer_uscc,
        type_code=application.type_code,
        area_code=application.area_code,
        node=deps.node,
        policies=deps.policies.licenses,
    )
    number = int(old.version) + 1
    if number > _LAST:
        raise Refusal(NO_MORE_VERSIONS, field="identifier", number=old.number)
    version = f"{number:03d}"
    digest = deps.vault.digest(f"{version}{content(application).decode()}", _DIGEST_CONTEXT).hex()
    intent = new_intent(deps, application, old.number, digest, version=version, replaces=old.identifier)
    render.check_printable(intent, kind)
    index = numbering.take_status_index(records, deps.vault, old.issuer_uscc)
    intent = replace(intent, status_index=index)
    if not records.reserve(intent):
        raise Refusal(ACT_WAITING, field="identifier", act_id=intent.identifier)
    return intent
