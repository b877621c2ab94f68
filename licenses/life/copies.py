"""Annotated copies (加注件): a licence's page, sealed anew, that says for what, for whom and until when it was handed out.

It is a document of the same licence: its hash leads to the licence, whose status is its own. Left to others: the page (``render``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from kernel.audit import AuditEvent
from kernel.canonical import Json
from kernel.errors import Refusal
from kernel.text import find_unwanted_character, normal_form
from licenses import log, qr_keys, render
from licenses.act_records import Act, Copy
from licenses.archive import DOCUMENT_CONTEXT
from licenses.data import COPY_NUMBER, COPY_PURPOSE, COPY_RECEIVER, COPY_UNTIL
from licenses.errors import BAD_DATE, LICENSE_NOT_FOUND, STATUS_OVERTAKEN
from licenses.errors.life import ACT_TEXT
from licenses.ports import LicenseDeps
from licenses.seals import seal_page
from policies.licenses import find_type

COLUMNS = ("purpose", "receiver", "until")
_MAX = 60
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def check_columns(given: Mapping[str, str]) -> dict[str, str]:
    """Return purpose, receiver and last day of a copy in normal form; ``Refusal`` names the one at fault."""
    columns = {column: normal_form(given.get(column, "")) for column in COLUMNS}
    for column, text in columns.items():
        problem = find_unwanted_character(text) or ("-" if not text else f"> {_MAX}" if len(text) > _MAX else None)
        if problem is not None or set(given) - set(COLUMNS):
            raise Refusal(ACT_TEXT, field=column, column=column, problem=problem or ", ".join(COLUMNS), limit=_MAX)
    try:
        if _DATE.fullmatch(columns["until"]):
            date.fromisoformat(columns["until"])
            return columns
    except ValueError:
        pass
    raise Refusal(BAD_DATE, field="until", found=columns["until"][:_MAX])


def make(deps: LicenseDeps, act: Act, *, actor: str) -> str:
    """Seal and record the copy that an agreed act asks for, which ends the act; return the SHA-256 of its document."""
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
    pdf = seal_page(deps, annotated, render.render(annotated, kind, deps.node, qr_keys.stating(deps, annotated)))
    digest = hashlib.sha256(pdf).hexdigest()
    encrypted = deps.vault.encrypt_bytes(pdf, DOCUMENT_CONTEXT)
    with deps.work.begin() as work:
        current = work.records.find_license(record.identifier)
        if current is None or current.status != record.status:
            raise Refusal(STATUS_OVERTAKEN, field="status")
        index = log.append(work.records, [log.Leaf("issued", record.issuer_uscc, digest, record.status, now).to_bytes()])
        if not work.records.add_copy(Copy(record.identifier, number, fields, now, digest, index), encrypted):
            raise Refusal(STATUS_OVERTAKEN, field="status")
        if not work.records.end_act(replace(act, state="done", result=digest)):
            raise Refusal(STATUS_OVERTAKEN, field="status")
        details: dict[str, Json] = {"act": act.id, "pdf_sha256": digest, "log_index": index}
        work.audit.record(AuditEvent(now, actor, "licenses.annotate", f"license:{record.identifier}", "ok", details))
    return digest
