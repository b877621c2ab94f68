"""What the audit trail is made of. Where it is stored is left to ``service``; it commits with the change that it tells of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from kernel.canonical import Json, canonical

Outcome = Literal["ok", "refused", "intent", "failed"]


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what to whom, when, and how it ended.

    ``actor`` is ``kind:identifier`` (``account:…``, ``client:…``, ``operator:…`` at the command line, ``node:445122``,
    ``system``); ``action`` is ``room.verb`` (``licenses.issue``). ``details`` never holds a secret nor personal data in clear.
    """

    at: datetime
    actor: str
    action: str
    target: str
    outcome: Outcome = "ok"
    details: Mapping[str, Json] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """Return the form that is stored, shown and hashed."""
        return {
            "at": self.at.isoformat(timespec="microseconds"),
            "actor": self.actor,
            "action": self.action,
            "target": self.target,
            "outcome": self.outcome,
            "details": dict(self.details),
        }


GENESIS = bytes(32)
"""The hash that the first event of a trail follows."""


def chain(previous: bytes, event: AuditEvent) -> bytes:
    """Return the hash that binds ``event`` to all before it: SHA-256(previous ‖ canonical event)."""
    return hashlib.sha256(previous + canonical(event.as_json())).digest()


class Condition(Protocol):
    """Something about stored records, told by them and found to hold by the statement that it goes with."""

    @property
    def values(self) -> Mapping[str, Any]:
        """The values that it names."""
        ...


class AuditSpool(Protocol):
    """Takes events that no change goes with: they outlive this process, and nobody waits until they are in the trail."""

    def append(self, event: AuditEvent) -> bool:
        """Keep ``event``, which is in the trail within a second; False, and nothing is kept, where that cannot be done."""
        ...


class AuditTrail(Protocol):
    """Takes events into the current transaction."""

    def record(self, event: AuditEvent) -> None:
        """Append ``event``; it becomes visible when the transaction commits, or not at all."""
        ...

    def record_if(self, event: AuditEvent, condition: Condition) -> Callable[[], bool]:
        """Append ``event`` if ``condition`` holds, in one statement; what is returned tells after the transaction whether it did."""
        ...

    def record_about(self, event: AuditEvent, target: Condition) -> Callable[[], bool]:
        """Append ``event`` if a room's records name its target (``event``'s own is not), in one statement; what is returned tells as above."""
        ...

    def record_all(self, events: Sequence[AuditEvent]) -> None:
        """Append ``events`` in their order, in one statement."""
        ...

    def about(self, targets: Collection[str], actions: Collection[str], *, limit: int) -> Sequence[AuditEvent]:
        """Return the latest events of these actions about any of ``targets``, the newest first."""
        ...
