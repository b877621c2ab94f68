"""What is stored of acts (办件): what officers asked to be done to a licence, who agreed, what came of it.

Left to others: SQL (``storage``), which act may follow which and who may act (``life``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from policies.life_models import ActName

ActState = Literal["waiting", "agreed", "done", "rejected", "failed"]
"""``waiting``: for the second officer. ``agreed``: being carried out. ``failed``: agreed, but it could not be carried out."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act. ``identifier`` is the licence that it is done to, None for ``issue``; ``result`` is what it made.

    ``result`` is a licence's identifier, or the SHA-256 of an annotated copy. ``number`` is None while the node has yet to give one.
    ``reason`` is a code of policies, ``note`` and ``basis`` (依据文号) are the officer's words, ``content`` the columns of an application
    or of a copy that were given. ``asked_person`` is one for every spelling of the officer's name. ``key`` is a digest of the caller's
    idempotency key, ``digest`` one of all that was asked. ``failure`` is the code of the refusal over which it failed, ``problem`` what that says.
    """

    id: str
    name: ActName
    identifier: str | None
    number: str | None
    type_code: str
    issuer_uscc: str
    reason: str
    note: str = field(repr=False)
    basis: str
    content: Mapping[str, str] = field(repr=False)
    asked_by: str
    asked_person: str
    asked_at: datetime
    state: ActState
    digest: str
    key: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    result: str | None = None
    failure: str = ""
    problem: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class LicenseStop:
    """Why issuing is stopped: the licence in which the review found a fault, and who was first to agree to go on."""

    identifier: str
    finding: str
    at: datetime
    consent_by: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """An annotated copy (加注件) of a licence: a document of its own, with ``fields`` that say for what, for whom and until when."""

    identifier: str
    number: int
    fields: Mapping[str, str]
    made_at: datetime
    pdf_sha256: str
    log_index: int


class ActRecords(Protocol):
    """The acts, in one transaction."""

    def add_act(self, act: Act) -> bool:
        """Store an act; False when one of its key is stored, or when it would wait beside another one of the same licence."""
        ...

    def find_act(self, act_id: str) -> Act | None:
        """Return the act with this id."""
        ...

    def find_act_by_key(self, key: str) -> Act | None:
        """Return the act that was asked for with this key."""
        ...

    def find_waiting(self, identifier: str) -> Act | None:
        """Return the act that waits for a second officer of this licence."""
        ...

    def decide_act(self, act: Act) -> bool:
        """Record the decision about a waiting act, as ``act`` tells it; False when it does not wait any more."""
        ...

    def end_act(self, act: Act) -> bool:
        """Record what came of an agreed act; False when it is not one any more."""
        ...

    def agreed_acts(self) -> Sequence[Act]:
        """Return the acts that a crash left agreed and not ended, the oldest first."""
        ...

    def acts(
        self,
        *,
        number: str | None = None,
        reach: Mapping[str, Collection[str]] | None = None,
        state: ActState | None = None,
        limit: int = 100,
    ) -> Sequence[Act]:
        """Return acts, the newest first: those of one licence with all its versions, of some issuers and of each some types, or in one state."""
        ...

    def next_copy(self, identifier: str) -> int:
        """Return the number that the next annotated copy of a licence takes, from 1."""
        ...

    def add_copy(self, copy: Copy, document: bytes) -> bool:
        """Store a copy with its encrypted PDF; False when its number is taken."""
        ...

    def add_stop(self, stop: LicenseStop) -> bool:
        """Stop issuing because of a licence; False when it did so before, whatever became of it."""
        ...

    def find_stop(self) -> LicenseStop | None:
        """Return the first stop that stands."""
        ...

    def consent_to_lift(self, person: str) -> bool:
        """Note who is first to agree to go on; False when somebody did, or nothing is stopped."""
        ...

    def lift_stops(self, person: str, at: datetime) -> bool:
        """Lift every stop to which somebody else agreed; False when there is none."""
        ...

    def find_copy_document(self, pdf_sha256: str) -> bytes | None:
        """Return the encrypted PDF of an annotated copy."""
        ...
