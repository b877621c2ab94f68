"""What this room needs from outside: a key store, a clock, a unit of work over its records.

Left to others: the records themselves (``records``), keys in files (``keyfiles``), SQL (``storage``), every decision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from kernel.clock import Clock
from kernel.nodes import Node
from kernel.work import UnitOfWork
from pki.records import (
    CaName,
    CaRole,
    CertificateRecord,
    CertificateStatus,
    CrlRecord,
    Intent,
    Invitation,
    ListHead,
    PrivateKey,
    Reason,
    RoleRecord,
    Rollover,
    SealRecord,
    Stop,
)
from policies.models import CertificatePolicies, KeyAlgorithm

KeyPlace = Literal["files", "token"]
"""In encrypted files of this machine, or on a token (PKCS#11) which they never leave."""


class KeyStore(Protocol):
    """Holds private keys and symmetric secrets under labels. Keys never leave it but as objects that sign."""

    @property
    def place(self) -> KeyPlace:
        """Where the private keys lie."""
        ...

    def create(self, label: str, algorithm: KeyAlgorithm) -> PrivateKey:
        """Make a key; ``Misuse(key_exists)`` when the label is taken, also by another process at the same moment."""
        ...

    def get(self, label: str) -> PrivateKey:
        """Return the key; ``Misuse(key_missing)`` when there is none."""
        ...

    def find(self, label: str) -> PrivateKey | None:
        """Return the key or None."""
        ...

    def labels(self) -> Sequence[str]:
        """Return the labels of all private keys, sorted."""
        ...

    def secret(self, label: str, length: int = 32) -> bytes:
        """Return the secret under ``label``, made of ``length`` random octets when it is first asked for."""
        ...

    def has_secret(self, label: str) -> bool:
        """Tell whether there is a secret under ``label``; none is made."""
        ...


class CertificateRecords(Protocol):
    """Certificates that were issued, and those about to be."""

    def add_intents(self, intents: Sequence[Intent]) -> None:
        """Record that certificates are about to be signed."""
        ...

    def finish_intents(self, records: Sequence[CertificateRecord]) -> bool:
        """Store the certificates signed for intents; False when one of these was voided or finished meanwhile."""
        ...

    def void_intents(self, *, before: datetime, at: datetime) -> Sequence[Intent]:
        """Void the intents recorded before a moment and list their serials as revoked at ``at``; return them."""
        ...

    def find_certificate(self, serial: str) -> CertificateRecord | None:
        """Return the issued certificate with this serial."""
        ...

    def find_by_digest(self, sha256: str) -> CertificateRecord | None:
        """Return the issued certificate with this SHA-256 (hexadecimal)."""
        ...

    def certificates(
        self, *, ca: CaName | None = None, profile: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Sequence[CertificateRecord]:
        """Return issued certificates ordered by serial, starting beyond serial ``after``."""
        ...


class LifeRecords(Protocol):
    """What happens to certificates between being asked for and their end: invitations, alarms, the review's stop."""

    def issued_between(self, first: datetime, last: datetime, *, after: str, limit: int) -> Sequence[CertificateRecord]:
        """Return what was issued from ``first`` until before ``last``, ordered by serial, starting beyond serial ``after``."""
        ...

    def ending_before(
        self,
        moment: datetime,
        *,
        now: datetime,
        after: tuple[datetime, str] | None = None,
        profiles: Collection[str] | None = None,
        limit: int = 100,
    ) -> Sequence[CertificateRecord]:
        """Return what is in force of ``profiles`` (None: of any), ends before ``moment`` and after ``after`` (end, serial), without a successor."""
        ...

    def in_force(self, profile: str, subject: str, *, now: datetime) -> Sequence[CertificateRecord]:
        """Return a subject's certificates of a profile that are neither revoked nor over, the first to end first."""
        ...

    def add_alarm(self, serial: str, days: int, at: datetime) -> bool:
        """Note that an alarm was raised; False when it was already."""
        ...

    def add_stop(self, stop: Stop) -> bool:
        """Stop issuing because of a certificate; False when it did so before, whatever became of it."""
        ...

    def find_stop(self) -> Stop | None:
        """Return the first stop that stands."""
        ...

    def consent(self, by: str) -> bool:
        """Note which person is first to agree to go on; False when somebody did, or nothing is stopped."""
        ...

    def resume(self, by: str, at: datetime) -> bool:
        """Lift every stop to which another person agreed; False when there is none."""
        ...

    def add_invitation(self, invitation: Invitation) -> None:
        """Store an invitation."""
        ...

    def find_invitation(self, name: str, secret_hash: bytes, *, now: datetime) -> Invitation | None:
        """Return the invitation that is neither used nor over; None for anything else."""
        ...

    def use_invitation(self, name: str, serial: str, *, at: datetime) -> bool:
        """Use an invitation for a certificate; False when it was used."""
        ...


class RevocationRecords(Protocol):
    """Which certificates are revoked or suspended, and the lists that say so."""

    def revoke(self, serial: str, reason: Reason, at: datetime) -> bool:
        """Revoke an issued certificate for good; False when there is none or it is revoked already.

        One that is suspended counts as revoked since then, or since ``at`` if that is earlier.
        """
        ...

    def suspend(self, serial: str, at: datetime) -> bool:
        """Suspend an issued certificate; False when there is none, or it is suspended or revoked already."""
        ...

    def release(self, serial: str) -> bool:
        """End a suspension; False when there is none."""
        ...

    def generation(self) -> int:
        """Return the number that rises with every change of any certificate's status."""
        ...

    def changes(self, ca: CaName, partition: int = 0) -> int:
        """Return how often the statuses of the CA's certificates, or of a partition's, have changed."""
        ...

    def entries(self, ca: CaName, partition: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield what the CA's list, or a partition's, must have, in blocks: how many entries, and their DER one after the other.

        No order is promised: a list is a set.
        """
        ...

    def find_status(self, ca: CaName, serial: str) -> CertificateStatus | None:
        """Return what an OCSP answer says of a serial; None when the CA never issued it."""
        ...

    def take_crl_number(self, ca: CaName) -> int:
        """Take the next CRLNumber; whoever publishes for the same CA waits until this transaction ends."""
        ...

    def add_crl(self, record: CrlRecord) -> None:
        """Store a published list."""
        ...

    def find_crl(self, ca: CaName, *, partition: int = 0, at: datetime | None = None) -> CrlRecord | None:
        """Return the newest list of this scope, or the newest of those issued until ``at``."""
        ...

    def crl_digests(self) -> Mapping[CaName, str]:
        """Return the SHA-256 of each CA's newest complete list without reading the lists, which may have a million entries."""
        ...

    def newest_lists(self, ca: CaName, partitions: Sequence[int]) -> Sequence[ListHead]:
        """Return what there is to tell of the newest list of each of these scopes that has one, without reading the lists."""
        ...

    def last_list_at(self, ca: CaName) -> datetime | None:
        """Return the moment of the CA's newest complete list, without reading the list."""
        ...

    def take_places(self, ca: CaName, count: int, size: int) -> int:
        """Take places for certificates about to be issued; return their partition.

        It is the open one, or the next if that is full.
        """
        ...

    def partitions(self, ca: CaName) -> Sequence[int]:
        """Return a CA's partitions, the oldest first."""
        ...


class RoleRecords(Protocol):
    """Who serves in which role, and whose the seals are."""

    def find_role(self, role: str) -> RoleRecord | None:
        """Return who serves in a role."""
        ...

    def authorities(self) -> Sequence[RoleRecord]:
        """Return the roles of CAs: the two in service, those that served before, those about to."""
        ...

    def assign_role(self, record: RoleRecord, *, instead_of: str | None) -> bool:
        """Put a key and certificate into a role, in place of the certificate with serial ``instead_of`` (None: nobody)."""
        ...

    def find_seal(self, uscc: str) -> SealRecord | None:
        """Return a department's seal."""
        ...

    def roles_of(self, serial: str) -> Sequence[str]:
        """Return the roles in which a certificate serves."""
        ...

    def find_seal_by_serial(self, serial: str) -> SealRecord | None:
        """Return the seal whose present certificate has this serial."""
        ...

    def add_seal(self, record: SealRecord) -> bool:
        """Store a seal; False when the department has one."""
        ...

    def replace_seal(self, record: SealRecord, *, instead_of: str) -> bool:
        """Renew a seal whose certificate has serial ``instead_of``."""
        ...


class RolloverRecords(Protocol):
    """Decisions to put a new CA in the place of another."""

    def add_rollover(self, rollover: Rollover) -> bool:
        """Store a request; False when there is one for the same new CA."""
        ...

    def rollovers(self, role: CaRole) -> Sequence[Rollover]:
        """Return the rollovers of a role with their approvals, the newest first."""
        ...

    def hold_rollover(self, ca: CaName) -> Sequence[str] | None:
        """Return who approved a rollover, None when nobody asked for it; whoever else asks waits until this transaction ends."""
        ...

    def drop_rollover(self, ca: CaName) -> bool:
        """Forget a rollover and its approvals; False when the new CA serves already."""
        ...

    def approve_rollover(self, ca: CaName, approver: str, at: datetime) -> bool:
        """Store an admin's yes; False when they gave theirs already."""
        ...

    def finish_rollover(self, ca: CaName, at: datetime) -> bool:
        """Note that the new CA serves; False when it did already."""
        ...


class PkiRecords(CertificateRecords, LifeRecords, RevocationRecords, RoleRecords, RolloverRecords, Protocol):
    """What this room stores. Each method that returns a bool is one conditional statement: False means somebody was first."""


def read_generation(work: UnitOfWork[PkiRecords]) -> int:
    """Return the number that rises with every change of any certificate's status."""
    with work.read() as reading:
        return reading.records.generation()


@dataclass(frozen=True, slots=True)
class PkiDeps:
    """Everything that the operations of this room need.

    ``generation`` reads the generation of the statuses as cheaply as the database lets it: it is asked for every OCSP answer.
    ``kept`` holds parsed forms of what never changes (certificates by serial), so that the hot paths don't parse them again;
    it is no state: losing it costs time only.
    """

    node: Node
    policies: CertificatePolicies
    keys: KeyStore
    clock: Clock
    work: UnitOfWork[PkiRecords]
    generation: Callable[[UnitOfWork[PkiRecords]], int] = read_generation
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
