"""What the console is given: the rooms' dependencies, a reader of the audit trail, and who is visiting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crosscert.ports import CrosscertDeps
from idp.ports import IdpDeps
from kernel.audit import AuditEvent
from kernel.clock import Clock
from kernel.errors import Misuse
from kernel.nodes import Node
from licenses.bulk_records import Batch
from licenses.ports import LicenseDeps
from pki.ports import PkiDeps
from policies.models import Policies


class AuditEntry(Protocol):
    """An event of the trail: its number and whether it is chained already."""

    @property
    def number(self) -> int:
        """Its place in the trail, growing."""
        ...

    @property
    def event(self) -> AuditEvent:
        """What happened."""
        ...

    @property
    def sealed(self) -> bool:
        """Whether the hash chain holds it."""
        ...


class ChainReport(Protocol):
    """What checking the trail's hash chain found."""

    @property
    def length(self) -> int:
        """How many events are chained."""
        ...

    @property
    def broken_at(self) -> int | None:
        """The number of the first event that does not fit; None when all do."""
        ...

    @property
    def head(self) -> bytes:
        """The last hash."""
        ...


class AuditReader(Protocol):
    """Reads the trail."""

    def page(
        self, *, before: int | None = None, limit: int = 50, contains: str | None = None, down_to: int | None = None
    ) -> Sequence[AuditEntry]:
        """Return up to ``limit`` events, newest first, numbered below ``before``, whose actor, action or target has ``contains``.

        None below the number ``down_to`` is looked at.
        """
        ...

    def find_end(self, *, before: int | None, of: int) -> int | None:
        """Return the number of the last of so many events below ``before``; None where there are no more than these."""
        ...

    def waits_since(self) -> datetime | None:
        """Return since when an event waits to be chained, which the worker does each minute; None where none does."""
        ...

    def per_hour(self, actions: Collection[str], *, since: datetime, hours: int) -> Mapping[str, Sequence[int]]:
        """Return how often each of ``actions`` came off well in each of the ``hours`` after ``since``, the earliest first."""
        ...

    def last(self, action: str, *, since: datetime) -> AuditEvent | None:
        """Return the latest event of an action after ``since``."""
        ...

    def check_chain(self) -> ChainReport:
        """Recompute the hash chain from its start."""
        ...


class FailedJob(Protocol):
    """A job of the worker that has failed since it last came off well."""

    @property
    def job(self) -> str:
        """Its name."""
        ...

    @property
    def subject(self) -> str:
        """The batch that it is about; empty where it comes round by itself."""
        ...

    @property
    def since(self) -> datetime:
        """When it failed first."""
        ...

    @property
    def at(self) -> datetime:
        """When it failed last."""
        ...

    @property
    def times(self) -> int:
        """How often."""
        ...

    @property
    def error(self) -> str:
        """By what: a code of the catalogue, or the class of an exception."""
        ...

    @property
    def incident(self) -> str:
        """Under which number the log has the rest."""
        ...


class AdminVisitor(Protocol):
    """Somebody who is logged in, as far as the console must know them."""

    @property
    def account_id(self) -> str:
        """The account."""
        ...

    @property
    def name(self) -> str:
        """How they are called on the page."""
        ...

    @property
    def username(self) -> str:
        """The name that they log in with."""
        ...

    @property
    def organization(self) -> str | None:
        """The department that they work for, by its name."""
        ...

    @property
    def roles(self) -> Collection[str]:
        """Their roles (``roles.toml``)."""
        ...

    @property
    def acr(self) -> str:
        """How surely we know that it is them (``assurance.toml``)."""
        ...

    @property
    def auth_time(self) -> datetime:
        """When they logged in."""
        ...


class Visitors(Protocol):
    """Tells who is visiting; filled by the identity room in ``service/wiring``."""

    def current(self) -> AdminVisitor | None:
        """Return who is logged in in the present request, None for a stranger."""
        ...


@dataclass(frozen=True, slots=True)
class AdminDeps:
    """Everything that the console reads from.

    ``in_background`` tells the workers of a batch, ``failed_jobs`` what they failed at, ``type_fault`` what keeps new licence types from being in force.
    """

    node: Node
    policies: Policies
    pki: PkiDeps
    crosscert: CrosscertDeps
    licenses: LicenseDeps
    idp: IdpDeps
    clock: Clock
    audit: AuditReader
    visitors: Visitors
    in_background: Callable[[Batch], None]
    failed_jobs: Callable[[], Sequence[FailedJob]]
    type_fault: Callable[[], Misuse | None]
