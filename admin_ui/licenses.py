"""Licences as their officers see them at the console: whose they may reach, what a page lists, what a form asks for.

Left to others: what may be done (``licenses.life``), who gets in (``access``), words and looks (``templates``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from admin_ui.ports import AdminVisitor
from admin_ui.reach import departments_of
from idp.ports import IdpDeps
from kernel.errors import Refusal, Text
from kernel.people import person_of
from kernel.text import mask
from licenses import archive
from licenses.act_records import Act
from licenses.applications import COLUMNS
from licenses.errors.life import NOT_YOUR_DEPARTMENT
from licenses.kinds import kind_of
from licenses.life import copies, reading, versions
from licenses.life.orders import Officer, Order
from licenses.life.transitions import TRANSITIONS
from licenses.ports import LicenseDeps
from licenses.registry_records import LicenseRecord, Wanted
from licenses.shelf_records import Department
from licenses.status import shown_status
from licenses.verdict import STATUS_NAMES
from policies.licenses import find_act, find_reason, find_type
from policies.life_models import ActName, ActRules
from policies.models import LicenseType

ISSUE, CHANGE, READ, TEMPLATES = "licenses.issue", "licenses.change", "licenses.read", "licenses.templates"


@dataclass(frozen=True, slots=True)
class Row:
    """A licence in a list: whose it is only as far as needed to tell it from others."""

    record: LicenseRecord
    holder: str
    type_name: Text
    status: str


@dataclass(frozen=True, slots=True)
class Form:
    """What an act asks an officer for: reasons of the policies, and the columns of its document with what they are now."""

    name: ActName
    rules: ActRules
    columns: Mapping[str, str]


def officer_of(deps: LicenseDeps, visitor: AdminVisitor, permission: str) -> Officer:
    """Return the officer that a visitor is: for all departments, or for those of their organisation's name."""
    departments = departments_of(deps, visitor, permission)
    return Officer(f"account:{visitor.account_id}", person_of(visitor.username), departments)


def find_form(deps: LicenseDeps, found: reading.Found, name: str) -> Form | None:
    """Return the form of an act that is possible now."""
    wanted = next((one for one in found.possible if one == name), None)
    if wanted is None:
        return None
    transition = TRANSITIONS[wanted]
    columns: dict[str, str] = {}
    if transition.may_change is not None:
        row = versions.row_of(deps, found.record)
        columns = {column: row[column] for column in COLUMNS.required if column in transition.may_change}
    elif wanted == "annotate":
        columns = dict.fromkeys(copies.COLUMNS, "")
    return Form(wanted, deps.policies.licenses.acts[wanted], columns)


def effect_of(name: ActName) -> Text:
    """Return what an act will do, in the words that stand above its button."""
    transition = TRANSITIONS[name]
    if transition.target is None:
        return Text(
            "另出一份加注用途的副本，原证照不变。",
            "A copy that states its use is issued beside the licence, which stays as it is.",
        )
    if transition.may_change is not None:
        return Text(
            "签发新的一份，编号不变；现在这一份同时失效，不能恢复。",
            "A new version with the same number is issued; this one ends with that, for good.",
        )
    status = STATUS_NAMES[transition.target]
    if any(transition.target in other.sources for other in TRANSITIONS.values()):
        return Text(
            f"证照状态立即变为“{status.zh}”，持证者和验证的人马上看到；以后可以改回。",
            f"The licence becomes {status.en} at once, for its holder and whoever verifies it; that can be changed back.",
        )
    return Text(
        f"证照状态变为“{status.zh}”，不能恢复；要再用，须重新申请。",
        f"The licence becomes {status.en} for good; its holder would have to apply for another.",
    )


def order_of(form: Form, identifier: str, sent: Mapping[str, str]) -> Order:
    """Return the order that a filled-in form is; of a version only the columns that differ."""
    columns = {column: sent.get(column, "").strip() for column in form.columns}
    if form.name != "annotate":
        columns = {column: text for column, text in columns.items() if text != form.columns[column]}
    return Order(form.name, identifier, sent.get("reason", ""), sent.get("note", ""), sent.get("basis", ""), columns)


def reason_of(deps: LicenseDeps, act: Act) -> Text:
    """Return the words of an act's reason; its code where policies no longer have it."""
    rules = find_act(deps.policies.licenses, act.name)
    reason = None if rules is None else find_reason(rules, act.reason)
    return Text(act.reason, act.reason) if reason is None else Text(reason.zh, reason.en)


def officer_name(deps: IdpDeps, actor: str) -> str:
    """Return the name that an officer logs in with; any other actor is named as on the audit trail."""
    kind, _, identifier = actor.partition(":")
    with deps.work.look() as work:
        account = work.records.find_account(identifier) if kind == "account" else None
    return actor if account is None else account.username


def own_types(deps: LicenseDeps, officer: Officer) -> Sequence[tuple[Department, LicenseType]]:
    """Return the types that an officer's departments issue, for the application form."""
    with deps.work.look() as work:
        departments = [
            one for one in work.records.departments() if officer.departments is None or one.uscc in officer.departments
        ]
    kinds = ((one, find_type(deps.policies.licenses, code)) for one in departments for code in one.types)
    return [(department, kind) for department, kind in kinds if kind is not None]


def get_type(deps: LicenseDeps, officer: Officer, uscc: str, type_code: str) -> tuple[Department, LicenseType]:
    """Return a department with one of its types; ``Refusal`` when it is none of the officer's."""
    for department, kind in own_types(deps, officer):
        if (department.uscc, kind.code) == (uscc, type_code):
            return department, kind
    raise Refusal(NOT_YOUR_DEPARTMENT, field="type_code")


def application_order(department: Department, kind: LicenseType, sent: Mapping[str, str]) -> Order:
    """Return the order that a filled-in application is."""
    extra = ";".join(f"{one.name}={sent.get(one.key, '').strip()}" for one in kind.fields if sent.get(one.key, "").strip())
    given = {
        column: sent.get(column, "").strip()
        for column in ("number", "holder_name", "holder_id", "issue_date", "valid_from", "valid_to")
    }
    columns = {
        **given,
        "type_name": kind.name,
        "type_code": kind.code,
        "holder_kind": kind.holder_kind,
        "issuer_name": department.name,
        "issuer_id": department.uscc,
        "area_code": department.area_code,
        "extra": extra,
    }
    return Order("issue", None, sent.get("reason", ""), sent.get("note", ""), sent.get("basis", ""), columns)


def search(
    deps: LicenseDeps, officer: Officer, sent: Mapping[str, str], *, before: int | None
) -> tuple[Sequence[Row], int | None]:
    """Return the licences that a filled-in search is for, and the row key below which there may be more."""
    wanted = {name: sent.get(name, "").strip() or None for name in ("type_code", "status", "number", "holder_id")}
    page = reading.search(deps, Wanted(None, **wanted), officer, before=before)  # type: ignore[arg-type]  # another status finds nothing
    now = deps.clock.now()
    rows = [
        Row(record, mask(record.holder_name), kind_of(deps, record).name, shown_status(record, now))
        for _key, record in page.found
    ]
    return rows, page.older


def name_of(deps: LicenseDeps, type_code: str) -> Text:
    """Return what a type is called; its code where policies no longer have it."""
    kind = find_type(deps.policies.licenses, type_code)
    return Text(type_code, type_code) if kind is None else Text(kind.name, kind.name_en)


def document(deps: LicenseDeps, officer: Officer, name: str) -> tuple[str, bytes]:
    """Return the name and the PDF of a licence, or of an annotated copy by its hash."""
    is_copy = len(name) == 64 and name.isalnum()  # noqa: PLR2004 - SHA-256 in hexadecimal
    record, pdf = (reading.get_copy if is_copy else reading.get_document)(deps, name, officer)
    return archive.file_name(record), pdf
