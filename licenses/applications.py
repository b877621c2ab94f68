"""One row of a file → an :class:`~licenses.registry_records.Application`, or a refusal that names the column at fault.

The checks are a table, in the order in which a clerk would look. Left to others: reading the file (``rows``), whether the number is
free (``issue``, in the transaction that takes it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from kernel.canonical import Json, canonical
from kernel.errors import Refusal
from kernel.identifiers import is_resident_id, is_uscc
from kernel.nodes import Node, is_area_code
from kernel.rows import Columns
from kernel.text import find_unwanted_character, normal_form
from licenses.errors import (
    BAD_AREA,
    BAD_DATE,
    BAD_NUMBER,
    CONTROL_CHARS,
    DATES_REVERSED,
    EMPTY_NAME,
    HOLDER_ID_CHECK,
    HOLDER_KIND,
    ISSUER_ID_CHECK,
    ISSUER_NAME_DIFFERS,
    NAME_TOO_LONG,
    NOT_ITS_AREA,
    NOT_ITS_TYPE,
    TYPE_NAME_DIFFERS,
    UNKNOWN_ISSUER,
    UNKNOWN_TYPE,
    VALIDITY_MISSING,
)
from licenses.errors.life import NOT_ITS_LEVEL, NUMBER_PATTERN, VALIDITY_TOO_LONG
from licenses.extras import parse_extra
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import Application
from licenses.shelf_records import Department
from policies.licenses import find_type, may_issue, may_take
from policies.models import HolderKind, LicensePolicies, LicenseType

COLUMNS = Columns(
    required=(
        "type_name", "type_code", "number", "holder_kind", "holder_name", "holder_id", "issuer_name", "issuer_id", "area_code",
        "issue_date", "valid_from", "valid_to", "extra",
    ),
    optional=("row", "expect"),
)  # fmt: skip
"""The columns of an applications file. ``expect`` tells readers what is wrong with a row and is ignored."""

_NUMBER = re.compile(r"[0-9A-Z]{9,32}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHOWN = 40
_DIGEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What an application is held against: this node, its policies and the departments that are registered here."""

    node: Node
    policies: LicensePolicies
    departments: Mapping[str, Department]


def rules_of(deps: LicenseDeps, records: LicenseRecords) -> Rules:
    """Return what applications are held against as things are now."""
    return Rules(deps.node, deps.policies.licenses, {one.uscc: one for one in records.departments()})


@dataclass(frozen=True, slots=True)
class _Draft:
    """A row being checked: its values in normal form, with what the earlier checks made sure of."""

    values: Mapping[str, str]
    rules: Rules

    @property
    def kind(self) -> LicenseType:
        return cast("LicenseType", find_type(self.rules.policies, self.values["type_code"]))

    @property
    def issuer(self) -> Department:
        return self.rules.departments[self.values["issuer_id"]]


def check_application(raw: Mapping[str, str], rules: Rules) -> Application:
    """Return the application that the row ``raw`` (column → text) makes; ``Refusal`` with the column at fault otherwise."""
    for column in COLUMNS.required:
        if character := find_unwanted_character(raw[column]):
            raise Refusal(CONTROL_CHARS, field=column, character=character)
    draft = _Draft({column: normal_form(raw[column]) for column in COLUMNS.required}, rules)
    for check in _CHECKS:
        check(draft)
    values, kind = draft.values, draft.kind
    return Application(
        type_code=kind.code,
        number=values["number"] or None,
        holder_kind=kind.holder_kind,
        holder_name=values["holder_name"],
        holder_id=values["holder_id"],
        issuer_uscc=draft.issuer.uscc,
        issuer_name=draft.issuer.name,
        area_code=values["area_code"],
        issue_date=_date(draft, "issue_date"),
        valid_from=_date(draft, "valid_from"),
        valid_to=_date(draft, "valid_to") if values["valid_to"] else None,
        fields=parse_extra(values["extra"], kind),
    )


def check_permitted(
    issuer: Department | None, *, issuer_uscc: str, type_code: str, area_code: str, node: Node, policies: LicensePolicies
) -> LicenseType:
    """Return the licence type if policy lets ``issuer`` issue it for this area at this node; ``Refusal`` otherwise."""
    kind = find_type(policies, type_code)
    if kind is None:
        raise Refusal(UNKNOWN_TYPE, field="type_code", type_code=type_code[:_SHOWN])
    if issuer is None:
        raise Refusal(UNKNOWN_ISSUER, field="issuer_id", uscc=issuer_uscc)
    answer = may_issue(issuer.uscc, issuer.area_code, issuer.types, kind, area_code)
    if answer == "not_its_type":
        raise Refusal(NOT_ITS_TYPE, field="type_code", issuer=issuer.name, type_name=kind.name)
    if answer == "not_its_area":
        raise Refusal(NOT_ITS_AREA, field="area_code", area_code=area_code, who=issuer.name)
    if answer == "not_its_level":
        raise Refusal(NOT_ITS_LEVEL, field="area_code", area_code=area_code, type_name=kind.name)
    if not may_take(policies, node.code, area_code):
        raise Refusal(NOT_ITS_AREA, field="area_code", area_code=area_code, who=node.name)
    return kind


def content(application: Application) -> bytes:
    """Return the canonical bytes of what was asked for: two applications are the same when these are."""
    value: dict[str, Json] = {
        "version": _DIGEST_VERSION,
        "type_code": application.type_code,
        "number": application.number,
        "holder_kind": application.holder_kind,
        "holder_name": application.holder_name,
        "holder_id": application.holder_id,
        "issuer_uscc": application.issuer_uscc,
        "area_code": application.area_code,
        "issue_date": application.issue_date.isoformat(),
        "valid_from": application.valid_from.isoformat(),
        "valid_to": application.valid_to.isoformat() if application.valid_to else None,
        "fields": dict(application.fields),
    }
    return canonical(value)


def _check_type(draft: _Draft) -> None:
    code = draft.values["type_code"]
    kind = find_type(draft.rules.policies, code)
    if kind is None:
        raise Refusal(UNKNOWN_TYPE, field="type_code", type_code=code[:_SHOWN])
    if draft.values["type_name"] != kind.name:
        raise Refusal(TYPE_NAME_DIFFERS, field="type_name", found=draft.values["type_name"][:_SHOWN], registered=kind.name)


def _check_holder_kind(draft: _Draft) -> None:
    found = draft.values["holder_kind"]
    if found != draft.kind.holder_kind:
        raise Refusal(HOLDER_KIND, field="holder_kind", found=found[:_SHOWN], wanted=draft.kind.holder_kind)


def _check_holder_name(draft: _Draft) -> None:
    name, limit = draft.values["holder_name"], draft.rules.policies.issuing.max_name_length
    if not name:
        raise Refusal(EMPTY_NAME, field="holder_name")
    if len(name) > limit:
        raise Refusal(NAME_TOO_LONG, field="holder_name", length=len(name), limit=limit)


_HOLDER_ID_CHECKS: Mapping[HolderKind, Callable[[str], bool]] = {"citizen": is_resident_id, "enterprise": is_uscc}


def is_holder_id(kind: HolderKind, code: str) -> bool:
    """Tell whether ``code`` is well formed as a holder's of this kind."""
    return _HOLDER_ID_CHECKS[kind](code)


def _check_holder_id(draft: _Draft) -> None:
    if not is_holder_id(draft.kind.holder_kind, draft.values["holder_id"]):
        raise Refusal(HOLDER_ID_CHECK, field="holder_id")


def _check_issuer(draft: _Draft) -> None:
    uscc = draft.values["issuer_id"]
    if not is_uscc(uscc):
        raise Refusal(ISSUER_ID_CHECK, field="issuer_id")
    issuer = draft.rules.departments.get(uscc)
    if issuer is None:
        raise Refusal(UNKNOWN_ISSUER, field="issuer_id", uscc=uscc)
    found = draft.values["issuer_name"]
    if found != issuer.name:
        raise Refusal(ISSUER_NAME_DIFFERS, field="issuer_name", found=found[:_SHOWN], registered=issuer.name)


def _check_area(draft: _Draft) -> None:
    area = draft.values["area_code"]
    if not is_area_code(area):
        raise Refusal(BAD_AREA, field="area_code", found=area[:_SHOWN])
    check_permitted(
        draft.issuer,
        issuer_uscc=draft.issuer.uscc,
        type_code=draft.kind.code,
        area_code=area,
        node=draft.rules.node,
        policies=draft.rules.policies,
    )


def _check_dates(draft: _Draft) -> None:
    for column in ("issue_date", "valid_from"):
        _date(draft, column)
    valid_to = draft.values["valid_to"]
    if not valid_to:
        if draft.kind.validity_required:
            raise Refusal(VALIDITY_MISSING, field="valid_to", type_name=draft.kind.name)
    elif _date(draft, "valid_to") < _date(draft, "valid_from"):
        raise Refusal(DATES_REVERSED, field="valid_to", valid_from=draft.values["valid_from"], valid_to=valid_to)
    most = draft.kind.max_validity_days
    if most is not None and (not valid_to or (_date(draft, "valid_to") - _date(draft, "valid_from")).days > most):
        raise Refusal(VALIDITY_TOO_LONG, field="valid_to", type_name=draft.kind.name, days=most)


def _check_number(draft: _Draft) -> None:
    number = draft.values["number"]
    if number and not _NUMBER.fullmatch(number):
        raise Refusal(BAD_NUMBER, field="number", found=number[:_SHOWN])
    pattern = draft.kind.number_pattern
    if number and pattern is not None and not re.fullmatch(pattern, number):
        raise Refusal(NUMBER_PATTERN, field="number", found=number, type_name=draft.kind.name, pattern=pattern)


def _date(draft: _Draft, column: str) -> date:
    text = draft.values[column]
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refusal(BAD_DATE, field=column, found=text[:_SHOWN])


_CHECKS: tuple[Callable[[_Draft], None], ...] = (
    _check_type,
    _check_holder_kind,
    _check_holder_name,
    _check_holder_id,
    _check_issuer,
    _check_area,
    _check_dates,
    _check_number,
)
"""Each looks at columns that those before it have made sense of; the extension fields come last, by ``parse_extra``."""
