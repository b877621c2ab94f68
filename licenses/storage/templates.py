"""Proposed templates in SQL. Nothing in them is anybody's: their sample is nobody's licence."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from kernel.canonical import canonical
from kernel.clock import from_micros, to_micros
from licenses.storage.shelves import OnConnection
from licenses.storage.tables import template_proposals
from licenses.template_records import Proposal, ProposalContent, ProposalState

_PLAIN = ("id", "name", "type_code", "sha256", "asked_by", "asked_person")
_MOVING = ("state", "decided_by", "type_version")
_TOLD = [template_proposals.c[name] for name in (*_PLAIN, *_MOVING, "asked_at", "decided_at")]


class SqlTemplates(OnConnection):
    """``licenses.template_records.TemplateRecords``."""

    def add_proposal(self, proposal: Proposal, content: ProposalContent) -> bool:
        """Store a proposal; False when another one of its type is not done yet."""
        statement = self._insert(template_proposals).values(
            **{name: getattr(proposal, name) for name in _PLAIN},
            **_moving(proposal),
            asked_at=to_micros(proposal.asked_at),
            files=canonical({name: b64encode(file).decode() for name, file in content.files.items()}),
            sample=content.sample,
            pictures=canonical([b64encode(one).decode() for one in content.pictures]),
        )
        return self._connection.execute(statement.on_conflict_do_nothing().returning(template_proposals.c.id)).first() is not None

    def find_proposal(self, proposal_id: str) -> Proposal | None:
        """Return the proposal with this id."""
        row = self._connection.execute(sa.select(*_TOLD).where(template_proposals.c.id == proposal_id)).first()
        return None if row is None else _proposal(row)

    def find_proposal_content(self, proposal_id: str) -> ProposalContent | None:
        """Return what a proposal is about."""
        row = self._connection.execute(sa.select(template_proposals).where(template_proposals.c.id == proposal_id)).first()
        if row is None:
            return None
        files = {name: b64decode(file) for name, file in json.loads(row.files).items()}
        return ProposalContent(files, bytes(row.sample), [b64decode(one) for one in json.loads(row.pictures)])

    def proposals(
        self,
        *,
        state: ProposalState | None = None,
        types: Collection[str] | None = None,
        before: str | None = None,
        limit: int,
    ) -> Sequence[Proposal]:
        """Return proposals, those of ``types`` where they are named, the newest first, from behind the proposal ``before``."""
        at, key = template_proposals.c.asked_at, template_proposals.c.id
        query = sa.select(*_TOLD).order_by(at.desc(), key.desc()).limit(limit)
        if state is not None:
            query = query.where(template_proposals.c.state == state)
        if types is not None:
            query = query.where(template_proposals.c.type_code.in_(sorted(types)))
        if before is not None:
            last = sa.select(at).where(key == before).scalar_subquery()
            query = query.where(sa.or_(at < last, sa.and_(at == last, key < before)))
        return [_proposal(row) for row in self._connection.execute(query)]

    def move_proposal(self, proposal: Proposal, before: ProposalState) -> bool:
        """Record how far a proposal is; False when its state is not ``before`` any more."""
        here = template_proposals.c.id == proposal.id, template_proposals.c.state == before
        return self._connection.execute(template_proposals.update().where(*here).values(_moving(proposal))).rowcount == 1

    def drop_proposal(self, proposal_id: str, before: ProposalState) -> bool:
        """Remove a proposal; False when its state is not ``before`` any more."""
        here = template_proposals.c.id == proposal_id, template_proposals.c.state == before
        return self._connection.execute(template_proposals.delete().where(*here)).rowcount == 1


def _moving(proposal: Proposal) -> dict[str, Any]:
    decided_at = None if proposal.decided_at is None else to_micros(proposal.decided_at)
    return {**{name: getattr(proposal, name) for name in _MOVING}, "decided_at": decided_at}


def _proposal(row: Any) -> Proposal:
    return Proposal(
        **{name: getattr(row, name) for name in (*_PLAIN, *_MOVING)},
        asked_at=from_micros(row.asked_at),
        decided_at=None if row.decided_at is None else from_micros(row.decided_at),
    )
