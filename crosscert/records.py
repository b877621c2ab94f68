"""The records of this room: agreements, peers, and what was taken in from them.

Left to others: storing them (``storage``), what the room needs from outside (``ports``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from kernel.nodes import Node
from pki.records import Names

AgreementKind = Literal["node", "asked", "outside"]
"""``node``: this node certifies another. ``asked``: it asked another to certify it. ``outside``: it certifies a CA that is no node."""

AgreementState = Literal[
    "requested", "compared", "approved", "issuing", "issued", "received", "rejected", "superseded", "revoked"
]
"""``compared``: two people found the same code. ``issuing``: the intent is recorded, the signature may or may not have been made."""

Relation = Literal["agreed", "member", "outside"]
"""``agreed``: this node certified it. ``member``: a bridge that this node certified did. ``outside``: a CA that is no node."""

CertificateKind = Literal["principal", "issuing", "link", "cross", "received", "token_signer"]
"""A peer's root, its issuing CA, a link between two keys of its root, a cross-certificate between others, one that this node received,
and a certificate of a key by which a peer signs tokens."""

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
class Wish:
    """What a node asks another to certify of it, in words of its own: the issuer's rules may give less, never more."""

    levels: tuple[str, ...]
    path_length: int
    permitted_names: tuple[Names, ...]
    permitted_dns: tuple[str, ...]
    permitted_uris: tuple[str, ...]
    validity_days: int


@dataclass(frozen=True, slots=True)
class Approval:
    """One admin's yes to one plan. ``person`` is who that is, however the name was spelt (``kernel.people``)."""

    approver: str
    at: datetime
    person: str
    plan_sha256: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """The decision behind a cross-certificate: for whom, who asked, what is limited, who approved.

    ``principal`` is the other side's self-signed certificate (DER), ``code`` the short code that both sides compare over another
    channel, ``misses`` how often another one was typed. ``offers`` are certificates (DER) that the other side names: its CAs below
    the root, and those that it certified; ``crl_urls`` is where an outside CA's lists are. ``replaces`` names the agreement that this one is to take the place of.
    ``attempt`` counts who took up the issuing. ``serial`` and ``certificate`` are there once issued. ``ended_by`` is who rejected
    or revoked; a revocation is reviewed by somebody else.
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
    kind: AgreementKind = "node"
    replaces: str | None = None
    misses: int = 0
    issued_at: datetime | None = None
    ended_by: str | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    offers: tuple[bytes, ...] = field(default=(), repr=False)
    crl_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node as this one knows it. ``principal_key`` is the SHA-256 (hex) of its principal CA's public key info.

    ``learned_from`` is the bridge's code for a member. ``last_error`` is the code of the last failure, None after a success;
    ``failing_since`` and ``failures`` tell of those without a success between them, ``next_try_at`` when it is asked again (None:
    at the next opportunity). ``full_at`` is when everything was last fetched whole, whatever the peer said had not changed.
    ``crl_urls`` is where an outside CA's lists are; a node's stand in its description.
    """

    node: Node
    relation: Relation
    learned_from: str | None
    principal_key: str | None
    last_ok_at: datetime | None = None
    last_tried_at: datetime | None = None
    last_error: str | None = None
    last_error_text: str | None = None
    crl_urls: tuple[str, ...] = ()
    failing_since: datetime | None = None
    failures: int = 0
    next_try_at: datetime | None = None
    full_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListTag:
    """The ETag of the list that was last taken in from a peer's address, to ask with next time."""

    node_code: str
    url: str
    etag: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """How pushing a principal CA's list to a peer stands: the highest number it took, and the failures since."""

    peer_code: str
    ca: str
    number: int
    delivered_at: datetime | None
    tried_at: datetime
    failures: int = 0
    next_try_at: datetime | None = None
    error: str | None = None
    error_text: str | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What looking at a peer from outside found: one thing looked at, whether it is as it must be, since when it is so."""

    node_code: str
    probe: str
    ok: bool
    detail: str
    at: datetime
    since: datetime


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
class Published:
    """How the publication of an entry in the directory stands: the content that is there since ``at``, and the last try."""

    entry: str
    sha256: str | None
    at: datetime | None
    tried_at: datetime
    failures: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer to a fetch. ``data`` is None when the peer said that nothing changed since ``etag``."""

    status: int
    data: bytes | None = field(repr=False)
    etag: str | None


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token whose signature, and whose signer's path from this node's anchor, have been verified."""

    claims: Mapping[str, Any]
    header: Mapping[str, Any]
    node: Node
