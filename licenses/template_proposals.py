"""A node's own template comes to be a type's look: proposed with a sample page, agreed to by another officer, kept, and bound to the type's next version.

1. The template is typeset within its bounds; a sample that does not come about, or lacks the data, is refused. It waits with its pictures.
2. Another officer, who saw these pictures, agrees. One conditional statement decides.
3. The files are kept for ever, and the type's next version names them by their digest. Killed before that is recorded, it is done again.

Left to others: what a template may be (``own_templates``), typesetting and keeping it (``service.typesetting``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from kernel.audit import AuditEvent
from kernel.errors import ChaoxinError, Misuse, Refusal
from kernel.randomness import token
from licenses import render
from licenses.data import describe
from licenses.errors import UNKNOWN_TYPE
from licenses.errors.life import NOT_YOUR_DEPARTMENT, SAME_OFFICER
from licenses.errors.templates import (
    TEMPLATE_DATA,
    TEMPLATE_DECIDED,
    TEMPLATE_NO_FOLDER,
    TEMPLATE_NOT_KEPT,
    TEMPLATE_SAMPLE_TOO_LARGE,
    TEMPLATE_UNKNOWN,
    TEMPLATE_WAITS,
)
from licenses.life.orders import Officer
from licenses.own_templates import MAX_SAMPLE, MAX_SAMPLE_PICTURE, OwnTemplates, Template, Tried
from licenses.ports import LicenseDeps, LicenseRecords
from licenses.sample import sample
from licenses.template_records import Proposal, ProposalContent, ProposalState
from policies.licenses import find_type, latest_types
from policies.models import LicenseType

LISTED = 50
_SAMPLE = "样张　不是证照　SAMPLE"


def try_out(deps: LicenseDeps, template: Template, name: str, type_code: str) -> Tried:
    """Return the sample page of a type by a template; ``Refusal`` when it does not come about, or lacks the data."""
    kind = find_type(deps.policies.licenses, type_code)
    if kind is None:
        raise Misuse(UNKNOWN_TYPE, field="type", type_code=type_code)
    record = sample(deps, kind)
    # No statement is signed for a licence that there is not; and the page says what it is.
    inputs, _digest = render.inputs_of(record, kind, deps.node, lambda _sha256: "SAMPLE", "SAMPLE")
    inputs["page"] = json.dumps({**json.loads(inputs["page"]), "annotation": _SAMPLE}, ensure_ascii=False)
    tried = _own(deps).try_out(template, name, inputs, record.requested_at.replace(microsecond=0))
    from licenses.documents import parse  # noqa: PLC0415 - as in ``reading.read``

    if parse(tried.pdf).data != describe(record, kind.name, deps.node):
        raise Refusal(TEMPLATE_DATA, field="template")
    _check_size(tried)
    return tried


def types_of(deps: LicenseDeps, officer: Officer) -> Sequence[LicenseType]:
    """Return the types whose look an officer may propose: those that their departments issue."""
    kinds = latest_types(deps.policies.licenses)
    if officer.departments is None:
        return kinds
    with deps.work.look() as work:
        issued = {code for one in work.records.departments() if one.uscc in officer.departments for code in one.types}
    return [kind for kind in kinds if kind.code in issued]


def propose(deps: LicenseDeps, template: Template, name: str, type_code: str, officer: Officer) -> Proposal:
    """Have a template wait for another officer; ``Refusal`` for one that is none, or while another one of the type is under way."""
    _check_reach(deps, type_code, officer)
    # 1.
    _own(deps).check_free(name, template)
    tried = try_out(deps, template, name, type_code)
    now = deps.clock.now()
    proposal = Proposal(token(12), name, type_code, template.sha256, officer.actor, officer.person, now)
    with deps.work.begin() as work:
        if not work.records.add_proposal(proposal, ProposalContent(template.files, tried.pdf, tried.pictures)):
            raise Refusal(TEMPLATE_WAITS, field="type_code")
        work.audit.record(_event(deps, proposal, "licenses.propose_template", officer.actor))
    return proposal


def approve(deps: LicenseDeps, proposal_id: str, officer: Officer) -> Proposal:
    """Agree to a proposed template and bind it to its type's next version; ``Refusal`` for whoever proposed it, under whatever name."""
    found = get_proposal(deps, proposal_id, officer)
    if officer.actor == found.asked_by or officer.person == found.asked_person:
        raise Refusal(SAME_OFFICER)
    # 2.
    approved = replace(found, state="approved", decided_by=officer.actor, decided_at=deps.clock.now())
    with deps.work.begin() as work:
        if not work.records.move_proposal(approved, "waiting"):
            raise Refusal(TEMPLATE_DECIDED)
        work.audit.record(_event(deps, approved, "licenses.approve_template", officer.actor))
    return _bind(deps, approved)


def reject(deps: LicenseDeps, proposal_id: str, officer: Officer) -> None:
    """Let a proposed template be, or take one's own back."""
    found = get_proposal(deps, proposal_id, officer)
    with deps.work.begin() as work:
        if not work.records.drop_proposal(found.id, "waiting"):
            raise Refusal(TEMPLATE_DECIDED)
        work.audit.record(_event(deps, found, "licenses.reject_template", officer.actor))


def settle(deps: LicenseDeps) -> None:
    """Keep and bind what was agreed to before a crash."""
    with deps.work.read() as work:
        left = work.records.proposals(state="approved", limit=LISTED)
    for proposal in left:
        # Its name is another's by now, or it cannot be written: that was told in the audit trail. Or its type is gone. None keeps a node from starting.
        with suppress(ChaoxinError):
            _bind(deps, proposal)


def get_proposal(deps: LicenseDeps, proposal_id: str, officer: Officer) -> Proposal:
    """Return a proposal that the officer may see."""
    with deps.work.read() as work:
        found = work.records.find_proposal(proposal_id)
    if found is None:
        raise Refusal(TEMPLATE_UNKNOWN)
    _check_reach(deps, found.type_code, officer)
    return found


def get_content(deps: LicenseDeps, proposal_id: str, officer: Officer) -> ProposalContent:
    """Return what a proposal that the officer may see is about."""
    found = get_proposal(deps, proposal_id, officer)
    with deps.work.read() as work:
        return _content(work.records, found)


def list_proposals(
    deps: LicenseDeps, officer: Officer, *, state: ProposalState | None = None, before: str | None = None
) -> tuple[Sequence[Proposal], str | None]:
    """Return the last proposals that an officer may see, from behind the one ``before``, and what the next page is behind; None where there is none."""
    types = [kind.code for kind in types_of(deps, officer)]
    with deps.work.read() as work:
        found = work.records.proposals(state=state, types=types, before=before, limit=LISTED + 1)
    return found[:LISTED], found[LISTED - 1].id if len(found) > LISTED else None


def _bind(deps: LicenseDeps, approved: Proposal) -> Proposal:
    # 3.
    own = _own(deps)
    with deps.work.read() as work:
        template = Template(_content(work.records, approved).files, approved.sha256)
    try:
        own.add(approved.name, template)
        version = own.bind(approved.type_code, approved.name, approved.sha256)
    except Refusal as refusal:
        waiting = replace(approved, state="waiting", decided_by=None, decided_at=None)
        with deps.work.begin() as work:
            # What only cannot be written now may be agreed to again.
            again = refusal.error is TEMPLATE_NOT_KEPT and work.records.move_proposal(waiting, "approved")
            if again or work.records.drop_proposal(approved.id, "approved"):
                work.audit.record(_event(deps, approved, "licenses.bind_template", "system", failed=refusal.code))
        raise
    done = replace(approved, state="done", type_version=version)
    with deps.work.begin() as work:
        if work.records.move_proposal(done, "approved"):  # whoever is first tells of it
            work.audit.record(_event(deps, done, "licenses.bind_template", "system"))
    return done


def _check_size(tried: Tried) -> None:
    largest, together = max(map(len, tried.pictures), default=0), len(tried.pdf) + sum(map(len, tried.pictures))
    for zh, en, size, limit in (
        ("一页的图片", "the picture of a page", largest, MAX_SAMPLE_PICTURE),
        ("全部", "all of it", together, MAX_SAMPLE),
    ):
        if size > limit:
            raise Refusal(TEMPLATE_SAMPLE_TOO_LARGE, field="template", what=zh, what_en=en, size=size, limit=limit)


def _check_reach(deps: LicenseDeps, type_code: str, officer: Officer) -> None:
    if type_code not in {kind.code for kind in types_of(deps, officer)}:
        raise Refusal(NOT_YOUR_DEPARTMENT, field="type_code")


def _content(records: LicenseRecords, proposal: Proposal) -> ProposalContent:
    content = records.find_proposal_content(proposal.id)
    if content is None:
        raise Refusal(TEMPLATE_UNKNOWN)
    return content


def _own(deps: LicenseDeps) -> OwnTemplates:
    if deps.templates is None:
        raise Refusal(TEMPLATE_NO_FOLDER)
    return deps.templates


def _event(deps: LicenseDeps, proposal: Proposal, action: str, actor: str, failed: str | None = None) -> AuditEvent:
    details = {"template": proposal.name, "sha256": proposal.sha256, "version": proposal.type_version, "code": failed}
    told = {name: value for name, value in details.items() if value is not None}
    return AuditEvent(deps.clock.now(), actor, action, f"type:{proposal.type_code}", "failed" if failed else "ok", told)
