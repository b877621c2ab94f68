"""A department's system fetches a person's licences, by the words of GB/T 36906: a type, a holder, and for what (``useCause``).

1. What is asked for, and for what, is read.
2. It is allowed by a legal basis of the policies, or by a consent that counts.
3. Without either the holder is asked, once; until they say yes nothing is told, not even whether there is such a licence.
4. What is told is recorded for the holder, purpose included, in the transaction that reads it.

Only licences of this node's own registry. Left to others: HTTP (``views``), the holder's decisions (``consents``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.clock import rfc3339
from kernel.errors import Refusal
from kernel.randomness import token
from kernel.text import find_unwanted_character, normal_form
from kernel.work import Work
from licenses import archive
from licenses.consent_records import Consent
from licenses.data import HOLDER_ID_KINDS
from licenses.errors import LICENSE_NOT_FOUND
from licenses.errors.fetching import CERTIFICATE_TYPE, CONSENT_REFUSED, USE_CAUSE
from licenses.errors.life import API_BODY
from licenses.kinds import name_of
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import LicenseRecord
from licenses.wallet_records import Look
from pki.strict_json import parse_object
from policies.licenses import find_legal_basis, find_type

MAX_CAUSE = 200
_SHOWN = 40
_SEARCH = ("certificateTypeCode", "certificateHolderCode", "useCause")
_MORE = ("certificateHolderName", "certificateNumber")
_DOCUMENT = ("certificateIdentifier", "useCause")


@dataclass(frozen=True, slots=True)
class System:
    """Who fetches: a department's system, with the department's credit code and the name that the holder reads."""

    client_id: str
    department: str
    name: str


@dataclass(frozen=True, slots=True)
class Basis:
    """Why it is allowed: the law's words, or which consent."""

    kind: str
    said: str

    def as_json(self) -> dict[str, Json]:
        """Return the wire form."""
        return {"kind": self.kind, "reference": self.said}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found and on what basis; or ``waiting``, a wish that the holder has yet to decide about."""

    basis: Basis | None
    records: Sequence[LicenseRecord] = field(repr=False, default=())
    waiting: Consent | None = None


def search(deps: LicenseDeps, body: bytes, system: System) -> Answer:
    """Return the licences of a holder and type that a department may see; ``Refusal`` says what is wrong or that the holder said no."""
    # 1.
    asked = _read(body, _SEARCH, _MORE)
    code = asked["certificateTypeCode"]
    with deps.work.begin() as work:
        # 2.
        basis = _basis(deps, work.records, system.department, asked["certificateHolderCode"], code)
        if basis is None:
            # What may be fetched already may be of a type that was taken away since; nobody is asked about one.
            if find_type(deps.policies.licenses, code) is None:
                raise Refusal(CERTIFICATE_TYPE, field="certificateTypeCode", found=code[:_SHOWN])
            # 3.
            return Answer(None, waiting=_ask(deps, work, system, asked))
        held = [
            one for one in work.records.held_by(asked["certificateHolderCode"]) if one.type_code == code and _fits(one, asked)
        ]
        # 4.
        _record(deps, work, system, held, basis=basis, cause=asked["useCause"])
    return Answer(basis, held)


def get_document(deps: LicenseDeps, body: bytes, system: System) -> tuple[LicenseRecord, bytes]:
    """Return a licence with its PDF; what the department may not see is as if there were none (``license_not_found``)."""
    asked = _read(body, _DOCUMENT, ())
    with deps.work.begin() as work:
        record = work.records.find_license(asked["certificateIdentifier"])
        if record is None or record.state != "issued":
            raise Refusal(LICENSE_NOT_FOUND, field="certificateIdentifier")
        basis = _basis(deps, work.records, system.department, record.holder_id, record.type_code)
        if basis is None:
            raise Refusal(LICENSE_NOT_FOUND, field="certificateIdentifier")
        _record(deps, work, system, [record], basis=basis, cause=asked["useCause"])
    return record, archive.get_document(deps, record)


def as_json(deps: LicenseDeps, record: LicenseRecord) -> dict[str, Json]:
    """Return a licence in the words of GB/T 36906."""
    return {
        "certificateIdentifier": record.identifier,
        "certificateTypeCode": record.type_code,
        "certificateName": name_of(deps, record),
        "certificateNumber": record.number,
        "certificateHolder": record.holder_name,
        "certificateHolderCode": record.holder_id,
        "certificateHolderType": HOLDER_ID_KINDS[record.holder_kind],
        "issueDept": record.issuer_name,
        "issueDeptCode": record.issuer_uscc,
        "issueDate": record.issue_date.isoformat(),
        "certificateValidateStart": record.valid_from.isoformat(),
        "certificateValidateEnd": record.valid_to.isoformat() if record.valid_to else None,
        "certificateAreaCode": record.area_code,
        "certificateStatus": record.status,
        "certificateStatusAt": rfc3339(record.status_at) if record.status_at else None,
        "extensions": dict(record.fields),
    }


def _read(body: bytes, needed: Sequence[str], more: Sequence[str]) -> dict[str, str]:
    asked: dict[str, Any] = parse_object(body, API_BODY)
    for name, value in asked.items():
        if name not in {*needed, *more}:
            shown = name[:_SHOWN] if name.isprintable() else "?"
            raise Refusal(API_BODY, field=shown, problem=f"only {', '.join((*needed, *more))}")
        if not isinstance(value, str):
            raise Refusal(API_BODY, field=name, problem=f"{name} is a string")
    cause = normal_form(asked.get("useCause", "")[: 4 * MAX_CAUSE])
    if not 0 < len(cause) <= MAX_CAUSE or find_unwanted_character(cause):
        raise Refusal(USE_CAUSE, field="useCause", limit=MAX_CAUSE)
    for name in needed:
        if not asked.get(name):
            raise Refusal(API_BODY, field=name, problem=f"{name} is missing")
        if name != "useCause" and not asked[name].isprintable():  # no database is asked for what it cannot hold
            raise Refusal(API_BODY, field=name, problem=f"{name} has a character that cannot be printed")
    return {**asked, "useCause": cause}


def _basis(deps: LicenseDeps, records: LicenseRecords, department: str, holder_id: str, type_code: str) -> Basis | None:
    law = find_legal_basis(deps.policies.licenses, department, type_code)
    if law is not None:
        return Basis("law", law.zh)
    consent = records.find_consent(department, holder_id, type_code)
    return Basis("consent", consent.id) if consent is not None and consent.counts(deps.clock.now()) else None


def _ask(deps: LicenseDeps, work: Work[LicenseRecords], system: System, asked: dict[str, str]) -> Consent:
    """Return the wish that waits for the holder, a new one where none does; ``Refusal(consent_refused)`` after a no."""
    now, days = deps.clock.now(), deps.policies.licenses.wallet.ask_again_days
    code, holder_id = asked["certificateTypeCode"], asked["certificateHolderCode"]
    wish = Consent(token(12), system.department, system.name, holder_id, code, asked["useCause"], now)
    if work.records.put_consent(wish, over_before=now - timedelta(days=days)):
        details: dict[str, Json] = {"consent": wish.id, "type": code}
        target = f"department:{system.department}"
        work.audit.record(AuditEvent(now, f"client:{system.client_id}", "licenses.ask_consent", target, details=details))
        return wish
    found = work.records.find_consent(system.department, holder_id, code)
    if found is None or found.state != "waiting":
        raise Refusal(CONSENT_REFUSED, days=days)
    return found


def _fits(record: LicenseRecord, asked: dict[str, str]) -> bool:
    name, number = asked.get("certificateHolderName"), asked.get("certificateNumber")
    return (name is None or normal_form(name) == record.holder_name) and number in {None, record.number}


def _record(
    deps: LicenseDeps, work: Work[LicenseRecords], system: System, held: Sequence[LicenseRecord], *, basis: Basis, cause: str
) -> None:
    now, actor = deps.clock.now(), f"client:{system.client_id}"
    details: dict[str, Json] = {"department": system.department, "basis": basis.kind, "reference": basis.said}
    for one in held:
        work.records.add_look(Look(one.identifier, "fetch", system.client_id, system.name, cause, now))
        work.audit.record(AuditEvent(now, actor, "licenses.fetch", f"license:{one.identifier}", details=details))
    if not held:
        work.audit.record(AuditEvent(now, actor, "licenses.fetch", f"department:{system.department}", details=details))
