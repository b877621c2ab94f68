"""Annotated copies (加注件): a licence's page, sealed anew, that says for what, for whom and until when it was handed out.

It is a document of the same licence: its hash leads to the licence, whose status is its own. Left to others: the page (``render``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.text import find_unwanted_character, normal_form
from licenses import log, qr_keys, render
from licenses.act_records import Act, Copy
from licenses.archive import DOCUMENT_CONTEXT
from licenses.data import COPY_NUMBER, COPY_PURPOSE, COPY_RECEIVER, COPY_UNTIL, WITHOUT_END
from licenses.errors import BAD_DATE, LICENSE_NOT_FOUND, STATUS_OVERTAKEN
from licenses.errors.life import ACT_DECIDED, ACT_TEXT, COPIES_AT_ONCE, COPY_LAST_DAY
from licenses.ports import LicenseDeps
from licenses.registry_records import VALID, LicenseRecord
from licenses.seals import seal_page
from licenses.verdict import BEIJING
from policies.licenses import find_type

COLUMNS = ("purpose", "receiver", "until")
_MAX = 60
_TRIES = 8
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def check_columns(given: Mapping[str, str], record: LicenseRecord, now: datetime) -> dict[str, str]:
    """Return purpose, receiver and last day of a copy of ``record`` in normal form; ``Refusal`` names the one at fault."""
    columns = {column: normal_form(given.get(column, "")) for column in COLUMNS}
    for column, text in columns.items():
        problem = find_unwanted_character(text) or ("-" if not text else f"> {_MAX}" if len(text) > _MAX else None)
        if problem is not None or set(given) - set(COLUMNS):
            raise Refusal(ACT_TEXT, field=column, column=column, problem=problem or ", ".join(COLUMNS), limit=_MAX)
    _check_last_day(columns["until"], record, now)
    return columns


def _check_last_day(text: str, record: LicenseRecord, now: datetime) -> None:
    """Refuse a last day that is no date, is over, or comes after the licence's own."""
    try:
        last = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        last = None
    if last is None:
        raise Refusal(BAD_DATE, field="until", found=text[:_MAX])
    if last < now.astimezone(BEIJING).date() or last > (record.valid_to or date.max):
        raise Refusal(COPY_LAST_DAY, field="until", until=text, valid_to=record.valid_to or WITHOUT_END)


def make(deps: LicenseDeps, act: Act, *, actor: str) -> str:
    """Seal and record the copy that an agreed act asks for, which ends the act; return the SHA-256 of its document."""
    tried = 0
    while True:
        copy, encrypted = _seal(deps, act)
        try:
            return _record(deps, act, copy, encrypted, actor)
        except Refusal as refusal:  # another copy took the number meanwhile: this one takes the next
            tried += 1
            if refusal.error is not COPIES_AT_ONCE or tried == _TRIES:
                raise


def _seal(deps: LicenseDeps, act: Act) -> tuple[Copy, bytes]:
    """Return the copy, without its place in the log, and its encrypted document."""
    with deps.work.read() as work:
        record = work.records.find_license(act.identifier or "")
        number = work.records.next_copy(act.identifier or "")
    kind = None if record is None else find_type(deps.policies.licenses, record.type_code, record.type_version)
    if record is None or kind is None:
        raise Refusal(LICENSE_NOT_FOUND, field="identifier")
    fields = {
        COPY_NUMBER: str(number),
        COPY_PURPOSE: act.content["purpose"],
        COPY_RECEIVER: act.content["receiver"],
        COPY_UNTIL: act.content["until"],
    }
    now = deps.clock.now()
    annotated = replace(record, fields={**record.fields, **fields}, requested_at=now)
    # Without a check code: that is the licence's own, and lasts longer than the copy.
    page = render.render(annotated, kind, deps.node, qr_keys.stating(deps, annotated), None, own=deps.templates)
    pdf = seal_page(deps, annotated, page)
    copy = Copy(record.identifier, number, fields, now, hashlib.sha256(pdf).hexdigest(), -1)
    return copy, deps.vault.encrypt_bytes(pdf, DOCUMENT_CONTEXT)


def _record(deps: LicenseDeps, act: Act, copy: Copy, encrypted: bytes, actor: str) -> str:
    with deps.work.begin() as work:
        record = work.records.find_license(copy.identifier)
        if record is None or record.status != VALID:
            raise Refusal(STATUS_OVERTAKEN, field="status")
        if not work.records.end_act(replace(act, state="done", result=copy.pdf_sha256)):
            raise Refusal(ACT_DECIDED, by=act.decided_by)
        leaf = log.Leaf("issued", record.issuer_uscc, copy.pdf_sha256, record.status, copy.made_at)
        index = log.append(work.records, [leaf.to_bytes()])
        if not work.records.add_copy(replace(copy, log_index=index), encrypted):
            raise Refusal(COPIES_AT_ONCE, field="identifier")
        details: dict[str, Json] = {"act": act.id, "pdf_sha256": copy.pdf_sha256, "log_index": index}
        work.audit.record(AuditEvent(copy.made_at, actor, "licenses.annotate", f"license:{copy.identifier}", "ok", details))
    return copy.pdf_sha256
