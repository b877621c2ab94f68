"""What the registers of others are asked, and what they answer. A register that answers late, wrongly or never is a refusal.

Every method raises ``Refusal(register_away)`` unless the answer is whole, in time, and to the question that was asked. Nothing is
changed by asking. Left to others: how one is asked (``http``, ``csv_files``), what follows from the answer (``people``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Match = Literal["matched", "not_matched"]
LegalStatus = Literal["active", "suspended", "revoked", "deregistered"]
"""存续, 歇业, 吊销, 注销."""


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """An entry of the register of legal persons: what the organisation is called and who represents it in law."""

    uscc: str
    name: str
    representative_name: str = field(repr=False)
    representative_id: str = field(repr=False)
    status: LegalStatus


class PopulationRegister(Protocol):
    """Knows which name belongs to which resident ID."""

    def match(self, name: str, resident_id: str) -> Match:
        """Tell whether somebody of this name has this number. Which of the two is wrong, nobody is told."""
        ...


class DocumentChecks(Protocol):
    """Compares somebody's document, and their face with it, on pages of its own; what it says it signs."""

    def begin(self, check_id: str, name: str, resident_id: str, return_url: str) -> str:
        """Return the address at which the person is checked; from there they come back to ``return_url``."""
        ...

    def result(self, check_id: str, name: str, resident_id: str, now: datetime) -> Match | None:
        """Return what a check found, None while it is not done."""
        ...


class LegalPersonRegister(Protocol):
    """Knows organisations by their unified social credit code."""

    def find(self, uscc: str) -> LegalPerson | None:
        """Return the organisation of this code, None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers that a node may ask; None for one that it has not."""

    population: PopulationRegister | None = None
    legal_persons: LegalPersonRegister | None = None
    documents: DocumentChecks | None = None
