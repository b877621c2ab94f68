"""What is stored of templates that somebody proposed: for which type, by whom, how far it came, and what the second officer looks at.

Left to others: SQL (``storage``), who may propose and approve (``template_proposals``), the templates that are kept (``own_templates``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

ProposalState = Literal["waiting", "approved", "done"]
"""``waiting``: for the second officer. ``approved``: being kept and bound. ``done``: a version of the type is of it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A template that is to be a type's next look. ``asked_person`` is one for every spelling of the officer's name."""

    id: str
    name: str
    type_code: str
    sha256: str
    asked_by: str
    asked_person: str
    asked_at: datetime
    state: ProposalState = "waiting"
    decided_by: str | None = None
    decided_at: datetime | None = None
    type_version: int | None = None


@dataclass(frozen=True, slots=True)
class ProposalContent:
    """The files of a proposed template by name, and what they made of a sample: the page as PDF, and its pictures (PNG)."""

    files: Mapping[str, bytes]
    sample: bytes
    pictures: Sequence[bytes]


class TemplateRecords(Protocol):
    """The proposals, in one transaction."""

    def add_proposal(self, proposal: Proposal, content: ProposalContent) -> bool:
        """Store a proposal; False when another one of its type is not done yet."""
        ...

    def find_proposal(self, proposal_id: str) -> Proposal | None:
        """Return the proposal with this id."""
        ...

    def find_proposal_content(self, proposal_id: str) -> ProposalContent | None:
        """Return what a proposal is about."""
        ...

    def proposals(
        self,
        *,
        state: ProposalState | None = None,
        types: Collection[str] | None = None,
        before: str | None = None,
        limit: int,
    ) -> Sequence[Proposal]:
        """Return proposals, those of ``types`` where they are named, the newest first, from behind the proposal ``before``."""
        ...

    def move_proposal(self, proposal: Proposal, before: ProposalState) -> bool:
        """Record how far a proposal is; False when its state is not ``before`` any more."""
        ...

    def drop_proposal(self, proposal_id: str, before: ProposalState) -> bool:
        """Remove a proposal; False when its state is not ``before`` any more."""
        ...
