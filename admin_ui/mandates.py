"""Who may act for organisations, as the console lists it: read only, agents' names masked. Left to others: every mandate (``idp.enterprises``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from idp.enterprises import overview
from idp.ports import IdpDeps
from idp.records import Mandate
from kernel.errors import Text
from kernel.text import mask

State = Literal["active", "pending", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class MandateRow:
    """A mandate on the page; ``agent`` is masked."""

    mandate: Mandate
    organization: str
    uscc: str
    agent: str
    departments: tuple[Text, ...]
    powers: tuple[Text, ...]
    state: State


def list_mandates(deps: IdpDeps, uscc: str) -> Sequence[MandateRow]:
    """Return the mandates of the organisation with a credit code, newest first; of none named, the latest ones."""
    now = deps.clock.now()
    return [
        MandateRow(
            mandate=one.mandate,
            organization="" if one.organization is None else one.organization.name,
            uscc="" if one.organization is None else one.organization.uscc or "",
            agent="" if one.agent is None else mask(one.agent.name),
            departments=one.departments,
            powers=one.powers,
            state=_state(one.mandate, now),
        )
        for one in overview.latest(deps, uscc)
    ]


def _state(mandate: Mandate, now: datetime) -> State:
    if mandate.revoked_at is not None:
        return "revoked"
    if now < mandate.valid_from:
        return "pending"
    return "active" if mandate.is_in_force(now) else "expired"
