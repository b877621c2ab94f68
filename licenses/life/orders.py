"""What an officer asks for, made sense of: whose licence, a reason of the policies, words, and the columns of a new document.

Left to others: doing it (``acts``), the record that a new version makes (``versions``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from kernel.canonical import Json, canonical
from kernel.errors import Refusal
from kernel.people import person_of
from kernel.text import find_unwanted_character, normal_form
from licenses.applications import check_application, rules_of
from licenses.errors import LICENSE_NOT_FOUND
from licenses.errors.life import ACT_NOT_DONE_HERE, ACT_REASON, ACT_TEXT, NOT_YOUR_DEPARTMENT
from licenses.life import copies, versions
from licenses.life.transitions import TRANSITIONS, check_transition, words_of
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import Application, LicenseRecord
from policies.licenses import find_act, find_reason
from policies.life_models import ActName, ActRules, Reason

MAX_WORDS = 500
MAX_BASIS = 100
_SHOWN = 40
_DIGEST_CONTEXT = "licenses.order"


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts: as the audit trail names them, one ``person`` for every spelling; for which departments, None for the node's operator."""

    actor: str
    person: str
    departments: tuple[str, ...] | None


def operator(actor: str) -> Officer:
    """Return the officer that an operator at the command line is: of no department, for all of them."""
    return Officer(actor, person_of(actor), None)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. ``columns`` are those of a whole application, of what a version changes, or of an annotated copy.

    ``key`` is the caller's own name for the request: asked again with it, the answer is the first one's.
    """

    name: ActName
    identifier: str | None
    reason: str
    note: str = ""
    basis: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """An order that may be carried out: by so many officers, for this reason, on this licence, making this document."""

    order: Order
    rules: ActRules
    reason: Reason
    record: LicenseRecord | None
    application: Application | None
    type_code: str
    issuer_uscc: str


def check_order(deps: LicenseDeps, records: LicenseRecords, order: Order, officer: Officer) -> Planned:
    """Return what ``order`` comes to as the registry is now; ``Refusal`` names what speaks against it."""
    # 1. What policies provide for, and why.
    rules = find_act(deps.policies.licenses, order.name)
    words = words_of(order.name)
    if rules is None:
        raise Refusal(ACT_NOT_DONE_HERE, field="act", act_zh=words.zh, act_en=words.en)
    reason = _check_reason(order, rules)
    _check_words(order.note, "note", MAX_WORDS)
    _check_words(order.basis, "basis", MAX_BASIS)
    # 2. Whose licence it is; another department's is as if there were none.
    record = None
    if order.name != "issue":
        record = records.find_license(order.identifier or "")
        if record is None or record.state != "issued" or not is_theirs(records, officer, record.issuer_uscc, record.type_code):
            raise Refusal(LICENSE_NOT_FOUND, field="identifier")
        # 3. What its status allows.
        check_transition(order.name, record)
    # 4. The document that comes of it.
    if record is None:
        application = check_application(versions.whole_row(order.columns), rules_of(deps, records))
        if not is_theirs(records, officer, application.issuer_uscc, application.type_code):
            raise Refusal(NOT_YOUR_DEPARTMENT, field="issuer_id")
        return Planned(order, rules, reason, None, application, application.type_code, application.issuer_uscc)
    made = _check_document(deps, records, order, record)
    return Planned(order, rules, reason, record, made, record.type_code, record.issuer_uscc)


def digest_of(deps: LicenseDeps, order: Order) -> str:
    """Return a keyed digest of all that is asked for: the same order is known by it, and nobody can guess a person from it."""
    asked: dict[str, Json] = {
        "act": order.name,
        "identifier": order.identifier,
        "reason": order.reason,
        "note": normal_form(order.note),
        "basis": normal_form(order.basis),
        "columns": dict(order.columns),
    }
    return deps.vault.digest(canonical(asked).decode(), _DIGEST_CONTEXT).hex()


def is_theirs(records: LicenseRecords, officer: Officer, issuer_uscc: str, type_code: str) -> bool:
    """Tell whether an officer acts for the issuer, and the issuer is registered for the type."""
    reach = reach_of(records, officer)
    return reach is None or type_code in reach.get(issuer_uscc, ())


def reach_of(records: LicenseRecords, officer: Officer) -> Mapping[str, Collection[str]] | None:
    """Return for which issuers an officer acts, and for which types of each; None: for all."""
    if officer.departments is None:
        return None
    found = (records.find_department(uscc) for uscc in officer.departments)
    return {one.uscc: one.types for one in found if one is not None}


def _check_reason(order: Order, rules: ActRules) -> Reason:
    reason = find_reason(rules, order.reason)
    if reason is None:
        words = words_of(order.name)
        raise Refusal(
            ACT_REASON,
            field="reason",
            found=order.reason[:_SHOWN] if order.reason.isprintable() else "?",
            act_zh=words.zh,
            act_en=words.en,
            reasons_zh="、".join(f"{one.code}（{one.zh}）" for one in rules.reasons),
            reasons_en=", ".join(f"{one.code} ({one.en})" for one in rules.reasons),
        )
    return reason


def _check_words(text: str, column: str, limit: int) -> None:
    problem = find_unwanted_character(text) or (f"> {limit}" if len(text) > limit else None)
    if problem is not None:
        raise Refusal(ACT_TEXT, field=column, column=column, problem=problem, limit=limit)


def _check_document(deps: LicenseDeps, records: LicenseRecords, order: Order, record: LicenseRecord) -> Application | None:
    """Return the application of the version that the order makes, None where it makes none; ``Refusal`` for columns that are wrong."""
    if order.name == "annotate":
        copies.check_columns(order.columns, record, deps.clock.now())
        return None
    if TRANSITIONS[order.name].may_change is None:
        versions.check_columns(order.name, order.columns, ())
        return None
    row = versions.changed_row(deps, records, record, order.name, order.columns)
    return check_application(row, rules_of(deps, records))
