"""The records of this room and what it needs from outside: a key store, a clock, a unit of work.

Left to others: keys in files (``keyfiles``), SQL (``storage``), every decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kernel.clock import Clock
from kernel.nodes import Node
from kernel.work import UnitOfWork
from policies.models import CertificatePolicies, KeyAlgorithm

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
"""What signs. A key on a token is a class of its own behind the same abstract classes."""

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

Names: TypeAlias = tuple[tuple[str, str], ...]
"""X.500 attributes from the top: ``(("C", "CN"), ("ST", "广东省"), ("L", "潮州市"), ("CN", "潮州市根CA"))``."""

CaName = Literal["principal", "issuing"]

Reason = Literal[
    "unspecified",
    "key_compromise",
    "ca_compromise",
    "affiliation_changed",
    "superseded",
    "cessation_of_operation",
    "privilege_withdrawn",
]
"""Why a certificate was revoked (RFC 5280 5.3.1). Suspension (certificateHold) and its release are not offered yet."""


class KeyStore(Protocol):
    """Holds private keys and symmetric secrets under labels. Keys never leave it but as objects that sign."""

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


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate that this node issued.

    ``serial`` and ``sha256`` are lower-case hexadecimal, ``subject`` and ``issuer`` RFC 4514. ``profile`` is a profile of the
    policies or ``cross_certificate``; ``ca`` tells which of the node's CAs signed.
    """

    serial: str
    sha256: str
    subject: str
    issuer: str
    profile: str
    ca: CaName
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    revoked_at: datetime | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A certificate that is about to be signed: recorded first, so that no signature is ever without a record."""

    serial: str
    subject: str
    profile: str
    ca: CaName
    at: datetime


@dataclass(frozen=True, slots=True)
class Revocation:
    """An entry of a revocation list. A serial whose signing was never finished is listed as well."""

    serial: str
    at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """Whether a certificate that was issued is revoked: ``revoked_at`` None means good."""

    serial: str
    revoked_at: datetime | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class CrlRecord:
    """A revocation list as published; all are kept, so that any past moment can be judged."""

    ca: CaName
    number: int
    this_update: datetime
    next_update: datetime
    entries: int
    sha256: str
    der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """Which key and certificate serve in a role of the node: ``principal``, ``issuing``, ``ocsp``, ``tsa``, ``node_signer``."""

    role: str
    key_label: str
    serial: str


@dataclass(frozen=True, slots=True)
class SealRecord:
    """A department's seal: its unified social credit code, its name, and the key and certificate behind it."""

    uscc: str
    name: str
    key_label: str
    serial: str


@dataclass(frozen=True, slots=True)
class Department:
    """A department as the holder of a seal.

    ``names`` is the part of the tree of names it stands in: the node's own, and for a county's department on the city's node
    the county's below it. The department's OU and the seal's CN come underneath.
    """

    uscc: str
    name: str
    area_code: str
    names: Names


class PkiRecords(Protocol):
    """What this room stores. Each method that returns a bool is one conditional statement: False means somebody was first."""

    def add_intent(self, intent: Intent) -> None:
        """Record that a certificate is about to be signed."""
        ...

    def finish_intent(self, record: CertificateRecord) -> bool:
        """Store the certificate signed for an intent; False when the intent was voided or finished meanwhile."""
        ...

    def void_intents(self, *, before: datetime, at: datetime) -> Sequence[Intent]:
        """Void the intents recorded before a moment and list their serials as revoked at ``at``; return them."""
        ...

    def find_certificate(self, serial: str) -> CertificateRecord | None:
        """Return the issued certificate with this serial."""
        ...

    def certificates(
        self, *, ca: CaName | None = None, profile: str | None = None, after: str | None = None, limit: int = 1000
    ) -> Sequence[CertificateRecord]:
        """Return issued certificates ordered by serial, starting beyond serial ``after``."""
        ...

    def revoke(self, serial: str, reason: Reason, at: datetime) -> bool:
        """Mark an issued certificate as revoked; False when there is none or it is revoked already."""
        ...

    def revocations(self, ca: CaName) -> Sequence[Revocation]:
        """Return every revocation of a CA, oldest first."""
        ...

    def count_revocations(self, ca: CaName) -> int:
        """Return how many entries the CA's list must have."""
        ...

    def find_status(self, ca: CaName, serial: str) -> CertificateStatus | None:
        """Return what an OCSP answer says of a serial; None when the CA never issued it."""
        ...

    def find_role(self, role: str) -> RoleRecord | None:
        """Return who serves in a role."""
        ...

    def assign_role(self, record: RoleRecord, *, instead_of: str | None) -> bool:
        """Put a key and certificate into a role, in place of the certificate with serial ``instead_of`` (None: nobody)."""
        ...

    def take_crl_number(self, ca: CaName) -> int:
        """Take the next CRLNumber; whoever publishes for the same CA waits until this transaction ends."""
        ...

    def add_crl(self, record: CrlRecord) -> None:
        """Store a published list."""
        ...

    def find_crl(self, ca: CaName, *, at: datetime | None = None) -> CrlRecord | None:
        """Return the newest list, or the newest of those issued until ``at``."""
        ...

    def find_seal(self, uscc: str) -> SealRecord | None:
        """Return a department's seal."""
        ...

    def add_seal(self, record: SealRecord) -> bool:
        """Store a seal; False when the department has one."""
        ...

    def replace_seal(self, record: SealRecord, *, instead_of: str) -> bool:
        """Renew a seal whose certificate has serial ``instead_of``."""
        ...


@dataclass(frozen=True, slots=True)
class PkiDeps:
    """Everything that the operations of this room need.

    ``kept`` holds parsed forms of what never changes (certificates by serial), so that the hot paths don't parse them again;
    it is no state: losing it costs time only.
    """

    node: Node
    policies: CertificatePolicies
    keys: KeyStore
    clock: Clock
    work: UnitOfWork[PkiRecords]
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
