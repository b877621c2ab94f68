"""What one admin asks for and another one decides, and whoever acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from policies.role_models import Act

ProposalState = Literal["open", "approved", "rejected"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act upon an account that waits for a second admin, or was decided.

    ``role`` is which one is given or taken; ``proposed_person`` who asked, however their name is spelt (``kernel.people``).
    """

    id: str
    act: Act
    account_id: str
    role: str | None
    reason: str
    proposed_by: str
    proposed_person: str
    proposed_at: datetime
    expires_at: datetime
    state: ProposalState = "open"
    decided_by: str | None = None
    decided_at: datetime | None = None
