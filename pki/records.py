"""The records of this room: what is stored of certificates, revocation lists, roles and seals.

Left to others: storing them (``storage``), what the room needs from outside (``ports``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
"""What signs. A key on a token is a class of its own behind the same abstract classes."""

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

Names: TypeAlias = tuple[tuple[str, str], ...]
"""X.500 attributes from the top: ``(("C", "CN"), ("ST", "广东省"), ("L", "潮州市"), ("CN", "潮州市根CA"))``."""

CaRole = Literal["principal", "issuing"]
"""The two CAs that a node has. Each role is filled by one key after the other."""

CaName: TypeAlias = str
"""A CA as a key: ``principal`` and ``issuing`` at first, ``principal-2`` after a rollover. The label of its key, and its place in the
addresses of its certificate and lists. An old one goes on publishing its lists until everything below it is over."""

Reason = Literal[
    "unspecified",
    "key_compromise",
    "ca_compromise",
    "affiliation_changed",
    "superseded",
    "cessation_of_operation",
    "privilege_withdrawn",
]
"""Why a certificate was revoked for good (RFC 5280 5.3.1)."""

ListedReason = Reason | Literal["certificate_hold"]
"""Why a certificate stands on a list: revoked, or suspended until it is released or revoked."""

HOLD: Literal["certificate_hold"] = "certificate_hold"


def ca_role(ca: CaName) -> CaRole:
    """Return the role that a CA fills or filled."""
    return "principal" if ca.partition("-")[0] == "principal" else "issuing"


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """A certificate that this node issued.

    ``serial`` and ``sha256`` are lower-case hexadecimal, ``subject`` and ``issuer`` RFC 4514. ``profile`` is a profile of the
    policies, ``cross_certificate`` or ``link``; ``ca`` tells which of the node's CAs signed, ``partition`` which of its lists speaks
    for it beside the complete one (0: none). A suspended certificate has ``revoked_at`` and the reason ``certificate_hold``.
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
    reason: ListedReason | None = None
    partition: int = 0


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What somebody asks to have certified: a key, under a name, by a profile of the policies."""

    profile: str
    subject: Names
    public_key: PublicKey
    dns_names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """A certificate that is about to be signed: recorded first, so that no signature is ever without a record."""

    serial: str
    subject: str
    profile: str
    ca: CaName
    at: datetime
    partition: int = 0


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """Whether a certificate that was issued is revoked or suspended: ``revoked_at`` None means good."""

    serial: str
    revoked_at: datetime | None
    reason: ListedReason | None


@dataclass(frozen=True, slots=True)
class CrlRecord:
    """A revocation list as published; all are kept, so that any past moment can be judged.

    ``partition`` 0 is the complete list. ``changes`` is how often the CA's, or the partition's, statuses had changed by then.
    """

    ca: CaName
    number: int
    this_update: datetime
    next_update: datetime
    entries: int
    sha256: str
    der: bytes = field(repr=False)
    partition: int = 0
    changes: int = 0


@dataclass(frozen=True, slots=True)
class ListHead:
    """A published list without its octets, of which there are ``size``."""

    ca: CaName
    partition: int
    number: int
    this_update: datetime
    next_update: datetime
    entries: int
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """Which key and certificate serve in a role of the node: ``principal``, ``issuing``, ``ocsp``, ``tsa``, ``node_signer``.

    A rollover adds ``principal-1``, ``principal-2``, … for the CAs that served before or are about to (``issuing-…`` likewise).
    """

    role: str
    key_label: str
    serial: str


@dataclass(frozen=True, slots=True)
class Rollover:
    """The decision to let a new CA ``ca`` take the place of ``replaces`` in a role: who asked, who approved, when it was done."""

    ca: CaName
    role: CaRole
    replaces: CaName
    requested_by: str
    requested_at: datetime
    approvals: tuple[str, ...] = ()
    done_at: datetime | None = None


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
    the county's below it. The department's OU and the seal's CN, which ends with what the ``seal`` is called, come underneath.
    """

    uscc: str
    name: str
    area_code: str
    names: Names
    seal: str = "电子证照专用章"


@dataclass(frozen=True, slots=True)
class Stop:
    """A certificate in which the review found a fault: nothing is issued until two admins have said that it may go on.

    ``consent_by`` is the person, however the name was spelt (``kernel.people``); the audit trail has the name.
    """

    serial: str
    finding: str
    at: datetime
    consent_by: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """Leave to enrol once: for whom, with which profile, until when. ``secret_hash`` is the SHA-256 of the secret."""

    name: str
    secret_hash: bytes
    profile: str
    subject: Names
    dns_names: tuple[str, ...]
    emails: tuple[str, ...]
    expires_at: datetime
    made_by: str
    made_at: datetime
