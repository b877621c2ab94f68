"""What the room needs from outside: its stored records, licences, and the dependencies that every operation is given.

Left to others: the records themselves (``records``), SQL (``storage``), every decision (the operations).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeAlias

from crosscert.ports import Fetcher
from crosscert.trust import Trust
from idp.record_ports import (
    AccountRecords,
    AdministrationRecords,
    AuthenticatorRecords,
    ClientRecords,
    ClosingRecords,
    DeviceRecords,
    DirectoryRecords,
    EnteringRecords,
    EventRecords,
    GrantRecords,
    ImportRecords,
    KeptFormRecords,
    LogoutRecords,
    MandateRecords,
    NoticeRecords,
    ProofRecords,
    RecoveryRecords,
    RedeemingRecords,
    SessionRecords,
    SwitchRecords,
)
from idp.records import Channel, DirectorySettings, StaffEntry
from idp.registers.ports import Registers
from idp.risk import AllSigns, RiskRule
from kernel.audit import AuditEvent, AuditSpool
from kernel.clock import Clock
from kernel.errors import Text
from kernel.nodes import Node
from kernel.work import UnitOfWork, Work
from pki.ports import KeyStore, PkiDeps
from pki.vault import Vault
from policies.models import Policies


class IdpRecords(
    AccountRecords,
    ProofRecords,
    AuthenticatorRecords,
    NoticeRecords,
    ClientRecords,
    SessionRecords,
    GrantRecords,
    LogoutRecords,
    MandateRecords,
    DeviceRecords,
    DirectoryRecords,
    ImportRecords,
    RecoveryRecords,
    RedeemingRecords,
    AdministrationRecords,
    SwitchRecords,
    EventRecords,
    EnteringRecords,
    KeptFormRecords,
    ClosingRecords,
    Protocol,
):
    """Everything that the room stores, in one transaction."""


IdpWork: TypeAlias = Work[IdpRecords]


@dataclass(frozen=True, slots=True)
class HeldLicense:
    """A licence as a card on its holder's page. ``accent`` is the type's colour, ``url`` its own page, ``document`` its PDF."""

    type_name: str
    type_name_en: str
    number: str
    identifier: str
    issuer_name: str
    valid_to: date | None
    status: str
    url: str
    document: str
    accent: str


class HolderLicenses(Protocol):
    """Knows who holds which licences; filled by the licence room in ``service/wiring``."""

    def of(self, holder_id: str) -> Sequence[HeldLicense]:
        """Return the licences of a resident ID or credit code, newest first."""
        ...

    def traces(self, holder_id: str) -> Mapping[str, Text]:
        """Return by which targets the audit trail knows these licences, each with what it is called."""
        ...


class Journal(Protocol):
    """Reads the audit trail; filled by ``service``."""

    def about(
        self, targets: Sequence[str], *, actor: str, actions: Sequence[str], before: int | None, limit: int
    ) -> Sequence[tuple[int, AuditEvent]]:
        """Return events of these actions that are about a target or by an actor, newest first, numbered below ``before``."""
        ...


class Messenger(Protocol):
    """Carries messages to people, by e-mail or SMS."""

    def send(self, address: str, subject: str, text: str) -> None:
        """Send one; ``Refusal(message_undelivered)`` when it was not taken."""
        ...


class Soon(Protocol):
    """Does something beside the present request; filled by ``service/wiring``."""

    def __call__(self, act: Callable[[], object]) -> None:
        """Have ``act`` done soon, or not at all when too much waits already."""
        ...


class StaffReader(Protocol):
    """One connection that reads all of a directory. Every method raises ``Refusal`` when the directory does not answer as it should."""

    @property
    def url(self) -> str:
        """Which of the directory's servers it is: marks of one mean nothing to another."""
        ...

    def groups(self) -> bytes:
        """Return what tells whether any group that gives a role has changed."""
        ...

    def pages(self, since: str | None) -> Iterator[Sequence[StaffEntry]]:
        """Yield everybody page by page, or those changed since this mark (one may come although nothing changed)."""
        ...


class StaffDirectory(Protocol):
    """A department's directory; ``Refusal`` when it is away or does not answer as it should."""

    @property
    def settings(self) -> DirectorySettings:
        """What is taken over from it."""
        ...

    def find(self, uid: str) -> StaffEntry | None:
        """Return who has this name there; None for nobody, and for several."""
        ...

    def verify_password(self, entry: StaffEntry | None, password: str) -> bool:
        """Ask the directory whether the password is right; it goes there and nowhere else. For nobody that costs the same."""
        ...

    def reading(self) -> AbstractContextManager[StaffReader]:
        """Open a connection of its own for reading all."""
        ...

    def examine(self) -> Iterator[tuple[str, str | None, str]]:
        """Yield what was looked at (step by step, up to the first fault): its name, the fault or None, what was found."""
        ...


@dataclass(frozen=True, slots=True)
class IdpDeps:
    """Everything that the operations of this room are given.

    ``fetch`` reads request objects from the addresses that clients registered, and tells clients of logouts. ``trust`` judges the
    certificates of clients, which come in if ``client_certificates``; at ``mutual_tls_url`` the proxy asks every caller for one.
    ``soon`` does something that the present request must not wait for: what it leaves undone, the worker does.
    ``directories`` are the departments' directories of staff by name, ``registers`` those of others that know who exists.
    ``spool`` takes audit events that go with no change of anything stored.
    ``risk`` weighs whether a login looks like somebody else's.
    ``kept`` holds parsed forms of what is stored (signing keys), so that the hot paths don't build them again; it is no state.
    """

    node: Node
    policies: Policies
    keys: KeyStore
    pki: PkiDeps
    vault: Vault
    clock: Clock
    work: UnitOfWork[IdpRecords]
    holder_licenses: HolderLicenses
    journal: Journal
    spool: AuditSpool
    fetch: Fetcher
    trust: Trust
    soon: Soon
    client_certificates: bool = False
    mutual_tls_url: str | None = None
    directories: Mapping[str, StaffDirectory] = field(default_factory=dict)
    messengers: Mapping[Channel, Messenger] = field(default_factory=dict)
    registers: Registers = field(default_factory=Registers)
    risk: RiskRule = field(default_factory=AllSigns)
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def issuer(self) -> str:
        """The issuer identifier (Discovery 1.0, 3): the node's configured URL, never the Host header."""
        return self.node.url
