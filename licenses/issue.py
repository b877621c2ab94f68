"""Issuing licences: intent, seal, record. The steps bear the numbers that docs/architecture.md gives them.

A crash between the steps leaves an intent that ``recover`` finishes; a number is never taken twice and a sealed document that is not in
the log never leaves this process. Left to others: whether an application is well formed (``applications``), files of many
(``batch``), the page (``render``), the seal (``pki.seals``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kernel.audit import AuditEvent, Outcome
from kernel.errors import Refusal
from kernel.work import Work
from licenses import checkpoint, data, known, log, numbering, qr_keys, render, status
from licenses.applications import check_permitted, content
from licenses.archival import as_kept
from licenses.archive import DOCUMENT_CONTEXT, get_document
from licenses.codes import code_of
from licenses.errors import DUPLICATE_NUMBER, INTENT_OVERTAKEN, LICENSE_NOT_FOUND, STATUS_OVERTAKEN
from licenses.errors.life import LICENSES_STOPPED
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.registry_records import VALID, Application, LicenseRecord, Sealed
from licenses.seals import seal_page
from policies.licenses import find_type
from policies.models import LicenseType

_DIGEST_CONTEXT = "licenses.application"
_VERSION = "001"
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Issued:
    """A licence that an application led to. ``already``: it was there before. ``pdf`` is None when it was not made just now."""

    record: LicenseRecord
    already: bool
    pdf: bytes | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A licence with its document and the proof that it is in the log."""

    record: LicenseRecord
    pdf: bytes
    leaf: bytes
    proof: log.InclusionProof
    checkpoint: str


def issue(deps: LicenseDeps, application: Application, *, actor: str) -> Receipt:
    """Issue one licence and return it with its receipt; the same application again returns the same licence. ``Refusal`` otherwise."""
    answer = issue_many(deps, [application], actor=actor)[0]
    if isinstance(answer, Refusal):
        raise answer
    # 5. The receipt: the document, the leaf, and the proof that the log has it.
    return receipt(deps, answer.record.identifier)


def issue_many(deps: LicenseDeps, applications: Sequence[Application], *, actor: str) -> list[Issued | Refusal]:
    """Issue several licences with one intent and one result transaction for all; return an answer for each, in order."""
    # 1 and 2. What policy permits is reserved: number, identifier and status slot, as intents that everybody can see.
    reserved: list[Issued | Refusal] = []
    with deps.work.begin() as work:
        check_not_stopped(work.records)
        for application in applications:
            try:
                answer = reserve(deps, work.records, application)
            except Refusal as refusal:
                reserved.append(refusal)
                continue
            if not answer.already:
                work.audit.record(_event(deps, actor, answer.record, "intent"))
            reserved.append(answer)
    # 3 and 4. Seal and record what is an intent (ours, or one that a crash left); the rest is answered.
    found = [given.record for given in reserved if isinstance(given, Issued)]
    finished = finish(
        deps, list({record.identifier: record for record in found if record.state == "intent"}.values()), actor=actor
    )
    answers: list[Issued | Refusal] = []
    told: set[str] = set()
    for given in reserved:
        # The same application twice in one call: the second is there already.
        final = finished.get(given.record.identifier, given) if isinstance(given, Issued) else given
        if isinstance(final, Issued) and final.record.identifier in told:
            final = replace(final, already=True)
        if isinstance(final, Issued):
            told.add(final.record.identifier)
        answers.append(final)
    return answers


def finish(deps: LicenseDeps, intents: Sequence[LicenseRecord], *, actor: str) -> dict[str, Issued | Refusal]:
    """Seal and record intents (steps 3 and 4); return the answer for each identifier. An intent that is refused becomes void."""
    sealed: list[tuple[LicenseRecord, bytes]] = []
    refused: dict[str, Refusal] = {}
    with deps.work.look() as work:
        check_not_stopped(work.records)
    # 3. Render, and seal exactly those bytes.
    for record in intents:
        try:
            code, stated = code_of(deps.vault, record.identifier), qr_keys.stating(deps, record)
            page = render.render(record, _kind(deps, record), deps.node, stated, code, own=deps.templates)
            sealed.append((record, seal_page(deps, record, page)))
        except Refusal as refusal:
            refused[record.identifier] = refusal
    # 4. Leaf, status slot, document, what it shows, record and audit in one transaction.
    answers: dict[str, Issued | Refusal] = dict(refused)
    if intents:
        answers.update(_record(deps, sealed, refused, actor))
    return answers


def check_not_stopped(records: LicenseRecords) -> None:
    """Refuse (``licenses_stopped``) while the review has stopped issuing; what was reserved waits until it goes on."""
    stop = records.find_stop()
    if stop is not None:
        raise Refusal(LICENSES_STOPPED, identifier=stop.identifier, finding=stop.finding)


def receipt(deps: LicenseDeps, identifier: str) -> Receipt:
    """Return an issued licence with its document and the proof that it is in the log as it stands now."""
    with deps.work.read() as work:
        record = work.records.find_license(identifier)
        if record is None or record.log_index is None:
            raise Refusal(LICENSE_NOT_FOUND, field="identifier")
        leaf = work.records.find_log_leaf(record.log_index)
        proof = log.inclusion_proof(work.records, record.log_index, work.records.log_size())
        signed = checkpoint.sign_checkpoint(deps, work.records)
    if leaf is None:
        message = f"the log lacks leaf {record.log_index}"
        raise LookupError(message)
    return Receipt(record, get_document(deps, record), leaf, proof, signed)


def reserve(deps: LicenseDeps, records: LicenseRecords, application: Application) -> Issued:
    """Return the licence or intent that the application has, or a new intent."""
    # 1. Policy permits: issuer, type and area, from the registry as it is now.
    kind = check_permitted(
        records.find_department(application.issuer_uscc),
        issuer_uscc=application.issuer_uscc,
        type_code=application.type_code,
        area_code=application.area_code,
        node=deps.node,
        policies=deps.policies.licenses,
    )
    digest = _digest_of(deps, application)
    for tried in range(_TRIES):
        found = _find_given(records, application, digest)
        if found is not None:
            return Issued(found, already=True)
        # 2. The intent. Uniqueness decides who is first; whoever is second finds the first one's.
        number = application.number or numbering.take_number(
            records, application.area_code, application.issue_date.year, beyond_given=tried > 0
        )
        record = new_intent(deps, application, number, digest)
        render.check_printable(record, kind)
        index = numbering.take_status_index(records, deps.vault, application.issuer_uscc)
        record = replace(record, status_index=index)
        if records.reserve(record):
            return Issued(record, already=False)
    raise Refusal(DUPLICATE_NUMBER, field="number", number=application.number or "")


def find_given(deps: LicenseDeps, records: LicenseRecords, application: Application) -> LicenseRecord | None:
    """Return the licence or intent that an application has led to; ``Refusal`` when its number is another application's."""
    return _find_given(records, application, _digest_of(deps, application))


def _find_given(records: LicenseRecords, application: Application, digest: str) -> LicenseRecord | None:
    found = records.find_digest(digest) if application.number is None else records.find_number(application.number)
    if found is None or found.application_digest == digest:
        return found
    found = records.find_digest(digest)  # its number is another application's, or has a later version of this one's by now
    if found is None:
        raise Refusal(DUPLICATE_NUMBER, field="number", number=application.number)
    return found


def _digest_of(deps: LicenseDeps, application: Application) -> str:
    return deps.vault.digest(content(application).decode(), _DIGEST_CONTEXT).hex()


def new_intent(
    deps: LicenseDeps, application: Application, number: str, digest: str, *, version: str = _VERSION, replaces: str | None = None
) -> LicenseRecord:
    """Return the intent that an application makes, without a place in the status list."""
    kind = find_type(deps.policies.licenses, application.type_code)
    return LicenseRecord(
        identifier=data.make_identifier(
            type_code=application.type_code, issuer_uscc=application.issuer_uscc, number=number, version=version
        ),
        number=number,
        version=version,
        type_code=application.type_code,
        holder_kind=application.holder_kind,
        holder_name=application.holder_name,
        holder_id=application.holder_id,
        issuer_uscc=application.issuer_uscc,
        issuer_name=application.issuer_name,
        area_code=application.area_code,
        issue_date=application.issue_date,
        valid_from=application.valid_from,
        valid_to=application.valid_to,
        fields=application.fields,
        application_digest=digest,
        requested_at=deps.clock.now(),
        status_index=-1,
        replaces=replaces,
        type_version=kind.version if kind else 1,
    )


def _record(
    deps: LicenseDeps, sealed: Sequence[tuple[LicenseRecord, bytes]], refused: dict[str, Refusal], actor: str
) -> dict[str, Issued | Refusal]:
    now = deps.clock.now()
    kept = {record.identifier: as_kept(deps, record, pdf) for record, pdf in sealed}
    encrypted = {identifier: deps.vault.encrypt_bytes(pdf, DOCUMENT_CONTEXT) for identifier, (pdf, _over) in kept.items()}
    digests = {record.identifier: hashlib.sha256(pdf).hexdigest() for record, pdf in sealed}
    readings = {digests[record.identifier]: known.read_sealed(pdf, digests[record.identifier]) for record, pdf in sealed}
    answers: dict[str, Issued | Refusal] = {}
    with deps.work.begin() as work:
        records = work.records
        ours = records.lock_intents([*encrypted, *refused])
        replaced = {
            record.identifier: _replace(work, record, now, actor)
            for record, _pdf in sealed
            if record.identifier in ours and record.replaces is not None
        }
        refused = refused | {identifier: refusal for identifier, refusal in replaced.items() if refusal is not None}
        answers.update(refused)
        done = [
            (record, digests[record.identifier])
            for record, _pdf in sealed
            if record.identifier in ours and record.identifier not in refused
        ]
        leaves = [log.Leaf("issued", record.issuer_uscc, digest, record.status, now).to_bytes() for record, digest in done]
        first = log.append(records, leaves) if leaves else 0
        records.keep_readings({digest: read for _record, digest in done if (read := readings[digest]) is not None})
        for index, (record, digest) in enumerate(done, first):
            pdf, over = kept[record.identifier]
            result = Sealed(record.identifier, now, digest, index, over)
            if not records.complete(result, encrypted[record.identifier]):
                message = f"{record.identifier} changed while it was locked"
                raise RuntimeError(message)
            work.audit.record(_event(deps, actor, record, "ok", pdf_sha256=digest, log_index=index))
            answers[record.identifier] = Issued(_completed(record, result), already=False, pdf=pdf)
        for identifier, refusal in refused.items():
            if identifier in ours and records.void(identifier, refusal.code):
                event = AuditEvent(now, actor, "licenses.issue", f"license:{identifier}", "refused", {"code": refusal.code})
                work.audit.record(event)
        # What another process finished meanwhile is theirs: our document is dropped, unseen.
        for record, _pdf in sealed:
            if record.identifier not in ours:
                answers[record.identifier] = _overtaken(records, record)
    return answers


def _replace(work: Work[LicenseRecords], record: LicenseRecord, now: datetime, actor: str) -> Refusal | None:
    """Make the version before this one 失效; return why not when somebody changed its status meanwhile."""
    old = None if record.replaces is None else work.records.find_license(record.replaces)
    if old is None or old.status != VALID:
        return Refusal(STATUS_OVERTAKEN, field="status")
    try:
        status.change_in(work, old, "05", at=now, reason=f"由 {record.identifier} 代替", actor=actor)
    except Refusal as refusal:
        return refusal
    return None


def _completed(record: LicenseRecord, result: Sealed) -> LicenseRecord:
    return replace(
        record,
        state="issued",
        issued_at=result.issued_at,
        pdf_sha256=result.pdf_sha256,
        log_index=result.log_index,
        status_at=result.issued_at,
    )


def _overtaken(records: LicenseRecords, record: LicenseRecord) -> Issued | Refusal:
    found = records.find_license(record.identifier)
    if found is not None and found.state == "issued":
        return Issued(found, already=False)
    return Refusal(INTENT_OVERTAKEN, field="number", number=record.number)


def _kind(deps: LicenseDeps, record: LicenseRecord) -> LicenseType:
    kind = find_type(deps.policies.licenses, record.type_code, record.type_version)
    if kind is None:
        raise Refusal(LICENSE_NOT_FOUND, field="type_code")
    return kind


def _event(deps: LicenseDeps, actor: str, record: LicenseRecord, outcome: Outcome, **details: str | int) -> AuditEvent:
    told = {"type": record.type_code, "issuer": record.issuer_uscc, **details}
    return AuditEvent(deps.clock.now(), actor, "licenses.issue", f"license:{record.identifier}", outcome, told)
