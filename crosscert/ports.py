"""What this room needs from outside: the CA, a clock, a unit of work over its records, somebody who fetches.

Left to others: the records themselves (``records``), SQL (``storage``), HTTP (``http``), every decision (the operations).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from crosscert.records import (
    Agreement,
    AgreementState,
    Approval,
    CertificateKind,
    Delivery,
    Fetched,
    ListTag,
    ObjectKind,
    Peer,
    ProbeResult,
    Published,
    StoredCertificate,
    StoredCrl,
    SyncedObject,
)
from kernel.clock import Clock
from kernel.nodes import Node
from kernel.work import UnitOfWork
from pki.ports import PkiDeps
from policies.models import CertificatePolicies, LicenseType


class Fetcher(Protocol):
    """Fetches what peers publish."""

    def get(self, url: str, *, below: str, max_bytes: int, timeout: float, etag: str | None = None) -> Fetched:
        """Return what ``url`` holds; ``Refusal(peer_unreachable)`` when it does not answer well within ``timeout`` seconds in all.

        ``url`` must lie below the peer's base URL ``below``; redirects are not followed, no more than ``max_bytes`` are read.
        """
        ...

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        below: str,
        max_bytes: int,
        timeout: float,
        authorization: str | None = None,
    ) -> Fetched:
        """Send ``body`` and return the answer, under the same rules; any 2xx is an answer. ``authorization`` is that header's value."""
        ...

    def tls_until(self, url: str, *, timeout: float) -> datetime:
        """Return when the certificate ends that an https address shows, which must be a good one for it."""
        ...


class LogWitness(Protocol):
    """Looks at the transparency logs of other nodes; filled by the licence room in ``service/wiring``."""

    def visit(self, node: Node, note: bytes, get: Callable[[str, int], bytes]) -> None:
        """Look at the head ``note`` that ``node`` shows; ``get`` fetches from that node. ``Refusal`` when it cannot be judged."""
        ...


class PeerRecords(Protocol):
    """The other nodes: who they are, how fetching from them, pushing to them and looking at them went."""

    def put_peer(self, peer: Peer) -> None:
        """Store a peer, or what is now known of it. A node that was agreed does not become a mere member."""
        ...

    def find_peer(self, code: str) -> Peer | None:
        """Return one peer."""
        ...

    def peers(self) -> Sequence[Peer]:
        """Return all peers: the agreed ones first, then by code."""
        ...

    def heard(self, codes: Collection[str]) -> Mapping[str, datetime]:
        """Return when fetching from each of these peers last went well; without those from which it never did."""
        ...

    def note_heard(self, code: str, *, at: datetime, full: bool = False) -> None:
        """Note that fetching from a peer went well, ``full`` when nothing was left out as unchanged."""
        ...

    def note_failed(self, code: str, *, at: datetime, error: str, text: str | None, next_try_at: datetime) -> None:
        """Note that fetching from a peer failed."""
        ...

    def list_tags(self, node_code: str) -> Sequence[ListTag]:
        """Return the tags of a peer's lists."""
        ...

    def drop_list_tags(self, node_code: str, *, but: Collection[str]) -> None:
        """Forget the tags of a peer's lists, but those of these addresses."""
        ...

    def put_list_tag(self, tag: ListTag) -> None:
        """Store a tag in place of the one held for the same address."""
        ...

    def deliveries(self) -> Sequence[Delivery]:
        """Return how pushing to each peer stands, for those that were ever tried."""
        ...

    def put_delivery(self, delivery: Delivery) -> None:
        """Store how pushing to a peer stands; what it took already is not forgotten for a lower number."""
        ...

    def probes(self, node_code: str | None = None) -> Sequence[ProbeResult]:
        """Return what the probes last found, of one peer or of all."""
        ...

    def put_probe(self, result: ProbeResult) -> None:
        """Store what a probe found in place of what it found before."""
        ...


class AgreementRecords(Protocol):
    """Agreements and who approved them."""

    def add_agreement(self, agreement: Agreement) -> bool:
        """Store a new agreement; False when one of its kind with the same peer is open already."""
        ...

    def find_agreement(self, identifier: str) -> Agreement | None:
        """Return one agreement with its approvals."""
        ...

    def agreements(self, *, peer_code: str | None = None) -> Sequence[Agreement]:
        """Return agreements, the newest request first."""
        ...

    def count_miss(self, identifier: str) -> int | None:
        """Count a wrong code and return how many there were; None when none is waited for any more."""
        ...

    def add_approval(self, identifier: str, approval: Approval) -> bool:
        """Store a person's yes, in place of theirs to another plan; False when it is there already, or none is waited for."""
        ...

    def count_approvals(self, identifier: str, plan_sha256: str) -> int:
        """Return how many different people said yes to this plan."""
        ...

    def move_agreement(
        self,
        identifier: str,
        *,
        before: AgreementState,
        after: AgreementState,
        attempt: int,
        at: datetime | None = None,
        by: str | None = None,
    ) -> bool:
        """Move an agreement on if it is in state ``before`` of this attempt. Into ``issuing`` the attempt counts up.

        ``at`` and ``by`` say when and by whom it was ended.
        """
        ...

    def finish_issuing(self, identifier: str, *, attempt: int, serial: str, certificate: bytes, at: datetime) -> bool:
        """Store what was issued; False when somebody else took the issuing over."""
        ...

    def review_agreement(self, identifier: str, *, by: str, at: datetime) -> bool:
        """Note who looked a revocation over; False when there is none or somebody did."""
        ...


class CrosscertRecords(AgreementRecords, PeerRecords, Protocol):
    """What this room stores. Each method that returns a bool is one conditional statement: False means it did not apply."""

    def generation(self) -> int:
        """Return the number that rises with every change of what paths are built of or judged by."""
        ...

    def raise_generation(self) -> None:
        """Raise it."""
        ...

    def add_certificate(self, certificate: StoredCertificate) -> bool:
        """Store a certificate; False when it is there already. One of any kind becomes ``received`` when it is."""
        ...

    def find_certificate(self, sha256: str) -> StoredCertificate | None:
        """Return the stored certificate with this digest."""
        ...

    def certificates(self, *, kind: CertificateKind | None = None) -> Sequence[StoredCertificate]:
        """Return the stored certificates."""
        ...

    def count_certificates(self, node_code: str, kind: CertificateKind) -> int:
        """Return how many certificates of a node and kind are stored."""
        ...

    def add_crl(self, crl: StoredCrl) -> bool:
        """Archive a list; False when the same or one with a higher number of this key and scope is there."""
        ...

    def count_crls(self, issuer_key: str, *, since: datetime) -> tuple[int, int, int]:
        """Return how many lists of a key were archived since, of how many octets, and how many scopes there are of it in all."""
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

    def objects(self, kind: ObjectKind) -> Sequence[SyncedObject]:
        """Return what each peer last published of this kind."""
        ...

    def put_object(self, found: SyncedObject) -> None:
        """Store what a peer published in place of what was held."""
        ...

    def find_published(self, entry: str) -> Published | None:
        """Return how the publication of an entry in the directory stands."""
        ...

    def put_published(self, published: Published) -> None:
        """Store how it stands."""
        ...

    def confirm_object(self, node_code: str, kind: ObjectKind, at: datetime) -> None:
        """Note that the peer still publishes what is held."""
        ...


@dataclass(frozen=True, slots=True)
class CrosscertDeps:
    """Everything that the operations of this room need.

    ``find_license_types`` returns those whose certificate levels a plan is told for. ``kept`` holds what was computed from the store, under the store's generation; it is no state: losing it costs time only.
    """

    node: Node
    policies: CertificatePolicies
    pki: PkiDeps
    clock: Clock
    work: UnitOfWork[CrosscertRecords]
    fetch: Fetcher
    find_license_types: Callable[[], Sequence[LicenseType]] = tuple
    witness: LogWitness | None = None
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
