"""What is stored of consents: whether a department may fetch licences of one type of one holder.

Left to others: SQL (``storage``), deciding (``fetching``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

ConsentState = Literal["waiting", "granted", "refused", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Consent:
    """A department's wish to fetch a holder's licences of a type, and what the holder said to it; ``purpose`` is the department's word.

    It counts until ``ends_at``. There is one of each department, holder and type: a new wish takes the place of one that is over.
    """

    id: str
    department: str
    department_name: str
    holder_id: str = field(repr=False)
    type_code: str
    purpose: str = field(repr=False)
    asked_at: datetime
    state: ConsentState = "waiting"
    decided_at: datetime | None = None
    ends_at: datetime | None = None

    def counts(self, at: datetime) -> bool:
        """Tell whether the department may fetch by it."""
        return self.state == "granted" and self.ends_at is not None and at < self.ends_at


class ConsentRecords(Protocol):
    """Consents, in one transaction."""

    def find_consent(self, department: str, holder_id: str, type_code: str) -> Consent | None:
        """Return how a department's wish stands."""
        ...

    def put_consent(self, consent: Consent, *, over_before: datetime) -> bool:
        """Store a new wish; False when one is there that waits, counts, or was said no to after ``over_before``."""
        ...

    def decide_consent(self, decided: Consent, before: ConsentState) -> bool:
        """Record what the holder says, as ``decided`` tells it; False when it is not ``before`` any more."""
        ...

    def consents(self, holder_id: str) -> Sequence[Consent]:
        """Return a holder's consents and what waits for their word, the newest wish first."""
        ...
