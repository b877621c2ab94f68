"""The records of this room and what it needs from outside: the CA, a clock, a unit of work, somebody who fetches.

Left to others: SQL (``storage``), HTTP (``http``), every decision (the operations).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from kernel.clock import Clock
from kernel.nodes import Node
from kernel.work import UnitOfWork
from pki.ports import Names, PkiDeps, Reason
from policies.models import CertificatePolicies

AgreementState = Literal["requested", "approved", "issuing", "issued", "rejected", "revoked"]
"""``issuing``: the intent is recorded, the signature may or may not have been made."""

Relation = Literal["agreed", "member"]
"""``agreed``: this node certified it. ``member``: a bridge that this node certified did."""

CertificateKind = Literal["principal", "issuing", "cross", "received"]
"""A peer's root, a peer's issuing CA, a cross-certificate between others, a cross-certificate that this node received."""

ObjectKind = Literal["description", "status_list", "log_checkpoint", "log_key"]
"""What is fetched from a peer beside its certificates and revocation lists, and kept for when it is away."""


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a cross-certificate will permit (design: trust, 3). ``mappings`` are pairs: this node's policy, the other's."""

    path_length: int
    permitted_names: tuple[Names, ...]
    permitted_dns: tuple[str, ...]
    permitted_uris: tuple[str, ...]
    policies: tuple[str, ...]
    mappings: tuple[tuple[str, str], ...]
    inhibit_policy_mapping: int
    validity_days: int


@dataclass(frozen=True, slots=True)
class Approval:
    """One admin's yes."""

    approver: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """The decision behind a cross-certificate that this node issues: for whom, who asked, what is limited, who approved.

    ``principal`` is the other node's self-signed certificate (DER), ``code`` the short code that both sides compare over another
    channel. ``attempt`` counts who took up the issuing. ``serial`` and ``certificate`` are there once issued.
    """

    identifier: str
    peer: Node
    state: AgreementState
    requested_by: str
    requested_at: datetime
    code: str
    constraints: Constraints
    principal: bytes = field(repr=False)
    approvals: tuple[Approval, ...] = ()
    attempt: int = 0
    serial: str | None = None
    certificate: bytes | None = field(default=None, repr=False)
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node as this one knows it. ``principal_key`` is the SHA-256 (hex) of its principal CA's public key info.

    ``learned_from`` is the bridge's code for a member. ``last_error`` is the code of the last failure, None after a success.
    """

    node: Node
    relation: Relation
    learned_from: str | None
    principal_key: str | None
    last_ok_at: datetime | None = None
    last_tried_at: datetime | None = None
    last_error: str | None = None
    last_error_text: str | None = None


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A certificate of others that paths may be built of. Its place in the store means nothing for its being trusted."""

    sha256: str
    kind: CertificateKind
    node_code: str
    der: bytes = field(repr=False)
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCrl:
    """A revocation list that was verified under ``issuer_key`` (SHA-256 of the public key info, hex) when it was taken in."""

    sha256: str
    node_code: str
    issuer_key: str
    scope: str
    number: int
    this_update: datetime
    next_update: datetime | None
    fetched_at: datetime
    der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SyncedObject:
    """What a peer published, as last fetched and verified; ``fetched_at`` is when the peer last confirmed it."""

    node_code: str
    kind: ObjectKind
    url: str
    data: bytes = field(repr=False)
    etag: str | None
    fetched_at: datetime
    issued_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer to a fetch. ``data`` is None when the peer said that nothing changed since ``etag``."""

    status: int
    data: bytes | None = field(repr=False)
    etag: str | None


class Fetcher(Protocol):
    """Fetches what peers publish."""

    def get(self, url: str, *, below: str, max_bytes: int, timeout: float, etag: str | None = None) -> Fetched:
        """Return what ``url`` holds; ``Refusal(peer_unreachable)`` when it does not answer well within ``timeout`` seconds in all.

        ``url`` must lie below the peer's base URL ``below``; redirects are not followed, no more than ``max_bytes`` are read.
        """
        ...


class CrosscertRecords(Protocol):
    """What this room stores. Each method that returns a bool is one conditional statement: False means it did not apply."""

    def generation(self) -> int:
        """Return the number that rises with every change of what paths are built of or judged by."""
        ...

    def raise_generation(self) -> None:
        """Raise it."""
        ...

    def add_agreement(self, agreement: Agreement) -> bool:
        """Store a new request; False when one for the same node is open already."""
        ...

    def find_agreement(self, identifier: str) -> Agreement | None:
        """Return one agreement with its approvals."""
        ...

    def agreements(self, *, peer_code: str | None = None) -> Sequence[Agreement]:
        """Return agreements, the newest request first."""
        ...

    def add_approval(self, identifier: str, approval: Approval) -> bool:
        """Store an admin's yes to a request that is still open; False when it is not, or the admin gave theirs already."""
        ...

    def count_approvals(self, identifier: str) -> int:
        """Return how many different admins said yes."""
        ...

    def move_agreement(
        self, identifier: str, *, before: AgreementState, after: AgreementState, attempt: int, at: datetime | None = None
    ) -> bool:
        """Move an agreement on if it is in state ``before`` of this attempt. Into ``issuing`` the attempt counts up."""
        ...

    def finish_issuing(self, identifier: str, *, attempt: int, serial: str, certificate: bytes) -> bool:
        """Store what was issued; False when somebody else took the issuing over."""
        ...

    def put_peer(self, peer: Peer) -> None:
        """Store a peer, or what is now known of it. A node that was agreed does not become a mere member."""
        ...

    def find_peer(self, code: str) -> Peer | None:
        """Return one peer."""
        ...

    def peers(self) -> Sequence[Peer]:
        """Return all peers: the agreed ones first, then by code."""
        ...

    def note_sync(self, code: str, *, at: datetime, error: str | None = None, text: str | None = None) -> None:
        """Note how the last fetching from a peer went."""
        ...

    def add_certificate(self, certificate: StoredCertificate) -> bool:
        """Store a certificate; False when it is there already."""
        ...

    def certificates(self, *, kind: CertificateKind | None = None) -> Sequence[StoredCertificate]:
        """Return the stored certificates."""
        ...

    def add_crl(self, crl: StoredCrl) -> bool:
        """Archive a list; False when the same or one with a higher number of this key and scope is there."""
        ...

    def find_crl(self, issuer_key: str, scope: str) -> StoredCrl | None:
        """Return the list with the highest number of a key and scope."""
        ...

    def crls(self, *, at: datetime | None = None) -> Sequence[StoredCrl]:
        """Return of each key and scope the newest list, or the newest of those issued until ``at``."""
        ...

    def find_object(self, node_code: str, kind: ObjectKind) -> SyncedObject | None:
        """Return what a peer last published."""
        ...

    def put_object(self, found: SyncedObject) -> None:
        """Store what a peer published in place of what was held."""
        ...

    def confirm_object(self, node_code: str, kind: ObjectKind, at: datetime) -> None:
        """Note that the peer still publishes what is held."""
        ...


@dataclass(frozen=True, slots=True)
class CrosscertDeps:
    """Everything that the operations of this room need.

    ``kept`` holds what was computed from the store, under the store's generation; it is no state: losing it costs time only.
    """

    node: Node
    policies: CertificatePolicies
    pki: PkiDeps
    clock: Clock
    work: UnitOfWork[CrosscertRecords]
    fetch: Fetcher
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token whose signature, and whose signer's path from this node's anchor, have been verified."""

    claims: Mapping[str, Any]
    header: Mapping[str, Any]
    node: Node


__all__ = [
    "Agreement",
    "AgreementState",
    "Approval",
    "CertificateKind",
    "Constraints",
    "CrosscertDeps",
    "CrosscertRecords",
    "Fetched",
    "Fetcher",
    "ObjectKind",
    "Peer",
    "Reason",
    "Relation",
    "StoredCertificate",
    "StoredCrl",
    "SyncedObject",
    "VerifiedToken",
]
