"""What lies before the judge: what the document shows, and everything outside it that bears on it.

These are records; nothing here is fetched or decided. Collecting them is left to ``gathering`` (local stores and the peers'
synchronised objects, never the network), judging to ``verify`` and ``checks``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crosscert.paths.certificates import ParsedCertificate
from kernel.errors import Text
from kernel.nodes import Node
from licenses.other_signatures import OtherSignature, OtherStamp
from licenses.reading import Reading
from licenses.registry_records import LicenseRecord
from licenses.shown import Shown, show
from licenses.verdict import Level


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate's entry in its issuer's revocation list. ``reason`` in snake case, e.g. ``key_compromise``."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PathEvidence:
    """How a certificate stands with this node at ``at``: a path from the node's own anchor down to it, or why there is none.

    ``code`` is the path engine's reason, ``subject`` the certificate at fault where one can be named; ``itself`` tells whether
    that is the very certificate asked about, and ``revoked`` then when and why it was revoked, if it was. A path leads into the domain
    of ``node``, if that is a known one; through other nodes it is relied on until ``relied_until`` unless they are heard again. ``offered``:
    what was at hand was not enough, so what came with the file was looked at.
    """

    valid: bool
    at: datetime
    path: tuple[ParsedCertificate, ...] = ()
    policies: tuple[str, ...] = ()
    code: str | None = None
    text: Text | None = None
    subject: str | None = None
    itself: bool = False
    revoked: Revoked | None = None
    node: Node | None = None
    relied_until: datetime | None = None
    offered: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A certificate (DER) and how it stands: ``now``; ``then``, at the time-stamped moment, is asked only when it fails now by itself."""

    certificate: bytes
    now: PathEvidence
    then: PathEvidence | None = None

    @property
    def shown(self) -> Shown:
        """The certificate as a verdict shows it."""
        return show(self.certificate)

    @property
    def trusted(self) -> PathEvidence | None:
        """The path that holds, or None."""
        if self.now.valid:
            return self.now
        return self.then if self.then is not None and self.then.valid else None

    @property
    def revoked(self) -> Revoked | None:
        """When and why the certificate was revoked, as known now."""
        return self.now.revoked


@dataclass(frozen=True, slots=True)
class RegistryEvidence:
    """What our own registry knows of the licence that the document names. ``same_file``: it is the very file we issued.

    ``data_agrees`` tells whether the attachment is, byte for byte, what the registry says now.
    """

    record: LicenseRecord | None
    same_file: bool
    data_agrees: bool


@dataclass(frozen=True, slots=True)
class StatusEvidence:
    """The licence's status: from our registry, or from the issuing node's signed list, which was fetched at ``fetched_at``.

    ``problem`` says why there is none.
    """

    source: Literal["registry", "status_list"]
    code: str | None
    at: datetime | None
    reason: str
    fetched_at: datetime | None = None
    problem: Text | None = None


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """Whether the issuing was logged. ``included`` is None when it cannot be told from what is at hand."""

    source: Literal["own", "checkpoint"]
    included: bool | None
    index: int | None = None
    size: int | None = None
    root: str | None = None
    at: datetime | None = None
    problem: Text | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. ``node`` is the one that judges.

    ``archiver`` is whose the newest archive time-stamp above the document is, ``required_level`` what the document was issued at.
    ``others`` are the signatures of a file that is no licence, each with what bears on it.
    """

    node: Node
    gathered_at: datetime
    max_age_seconds: int
    reading: Reading
    signer: Standing | None = None
    time_stamper: Standing | None = None
    registry: RegistryEvidence | None = None
    status: StatusEvidence | None = None
    log: LogEvidence | None = None
    archiver: Standing | None = None
    others: tuple[OtherEvidence, ...] = ()
    required_level: Level = "B-LT"

    @property
    def signer_node(self) -> Node | None:
        """The node that the signer's path proves."""
        return None if self.signer is None or self.signer.trusted is None else self.signer.trusted.node

    @property
    def is_others(self) -> bool:
        """Tell whether it is a document that others signed. With a node's own seal among the signatures it is judged as a licence, which it is not."""
        nodes = [one.gathered.signer_node for one in self.others]
        return bool(nodes) and all(node is None or node.level == "outside" for node in nodes)

    @property
    def is_complete(self) -> bool:
        """Tell whether signer and time-stamper, as far as the document has them, are trusted by what was gathered."""
        return all(each is None or each.trusted is not None for each in (self.signer, self.time_stamper))

    @property
    def best_signature_time(self) -> datetime | None:
        """The moment at which a trusted authority saw the signature; None without one."""
        stamp = None if self.reading.seal is None else self.reading.seal.stamp
        if stamp is None or self.time_stamper is None or self.time_stamper.trusted is None:
            return None
        revoked = self.time_stamper.revoked
        return None if revoked is not None and revoked.at <= stamp.generated_at else stamp.generated_at


@dataclass(frozen=True, slots=True)
class OtherEvidence:
    """A signature on what is no licence. ``gathered`` holds the same as for a seal: signer, time-stamper, node; the file's own parts are not in it.

    ``stamp`` is the time-stamp that proves when it was there, if one does.
    """

    signature: OtherSignature
    gathered: Evidence
    stamp: OtherStamp | None = None
