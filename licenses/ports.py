"""What the licence room holds (records) and what it needs from outside (Protocols, dependencies).

Left to others: SQL (``storage``), the shape of a licence's JSON (``data``), every decision (the operations). Moments are aware and
in UTC; dates are the calendar dates that stand on the page, which have no time zone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from kernel.clock import Clock
from kernel.nodes import Node
from kernel.work import UnitOfWork
from licenses.act_records import ActRecords
from licenses.archive_records import ArchiveRecords
from licenses.bulk_records import BatchRecords
from licenses.consent_records import ConsentRecords
from licenses.log_ports import LogNodes, LogWitnessRecords
from licenses.qr_key_records import QrKeyRecords
from licenses.template_records import TemplateRecords
from licenses.verified_records import VerifiedRecords
from licenses.visitors import Visitors
from licenses.wallet_records import WalletRecords
from policies.in_force import Licensing
from policies.models import HolderKind

if TYPE_CHECKING:
    from crosscert.trust import Trust
    from licenses.own_templates import OwnTemplates
    from pki.ports import PkiDeps
    from pki.vault import Vault

State = Literal["intent", "issued", "void"]
"""``intent``: reserved, nothing signed that counts. ``issued``: sealed, logged, stored. ``void``: given up; its number is free."""

StatusCode = Literal["01", "02", "03", "04", "05", "06", "07", "99"]
"""有效 valid, 暂扣 suspended, 撤销 revoked, 注销 cancelled, 失效 expired, 转出 transferred out, 吊销 withdrawn, 其他 other."""

VALID: StatusCode = "01"


@dataclass(frozen=True, slots=True)
class Department:
    """A department (部门) that issues licences: its unified social credit code, its area and the types it is registered for."""

    uscc: str
    name: str
    area_code: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """An application (申请) that has passed every check. ``number`` is None when the node is to give one.

    ``fields`` holds the type's extension fields by key (``KZ_…``), in the order of the type. ``valid_to`` None means without end.
    """

    type_code: str
    number: str | None
    holder_kind: HolderKind
    holder_name: str
    holder_id: str
    issuer_uscc: str
    issuer_name: str
    area_code: str
    issue_date: date
    valid_from: date
    valid_to: date | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LicenseRecord:
    """A licence in the registry.

    ``application_digest`` is a keyed digest (hex) of what was asked for: the same application again is known by it and nobody
    without the node's key can guess a person from it. ``requested_at`` is the moment of the intent and of the rendered page,
    ``issued_at`` that of the seal. ``pdf_sha256`` (lower hex) and ``log_index`` are there once issued. ``replaces`` is the identifier of
    the version before this one.
    """

    identifier: str
    number: str
    version: str
    type_code: str
    holder_kind: HolderKind
    holder_name: str
    holder_id: str
    issuer_uscc: str
    issuer_name: str
    area_code: str
    issue_date: date
    valid_from: date
    valid_to: date | None
    fields: Mapping[str, str]
    application_digest: str
    requested_at: datetime
    status_index: int
    state: State = "intent"
    issued_at: datetime | None = None
    pdf_sha256: str | None = None
    log_index: int | None = None
    status: StatusCode = VALID
    status_at: datetime | None = None
    status_reason: str = ""
    replaces: str | None = None
    type_version: int = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing a licence gave, as it is recorded: the conditional change of an intent into an issued licence."""

    identifier: str
    issued_at: datetime
    pdf_sha256: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: only of these issuers (None: of all), and where given of one type, status, number or holder."""

    issuers: Sequence[str] | None
    type_code: str | None = None
    status: StatusCode | None = None
    number: str | None = None
    holder_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """A document that the registry has: its licence (of a copy, with what that adds) and what it was read to show, if it was."""

    record: LicenseRecord
    reading: bytes | None


@dataclass(frozen=True, slots=True)
class Published:
    """Something signed that is served as it is: the status list token, with the state of the registry that it tells."""

    body: str
    revision: int
    made_at: datetime


class LicenseRecords(
    LogNodes,
    LogWitnessRecords,
    ActRecords,
    ArchiveRecords,
    BatchRecords,
    WalletRecords,
    ConsentRecords,
    QrKeyRecords,
    TemplateRecords,
    VerifiedRecords,
    Protocol,
):
    """The registry, in one transaction."""

    def find_department(self, uscc: str) -> Department | None:
        """Return the department with this code."""
        ...

    def departments(self) -> Sequence[Department]:
        """Return all departments, by area and code."""
        ...

    def put_department(self, department: Department, at: datetime) -> bool:
        """Add or replace a department; tell whether that changed anything."""
        ...

    def take_counter(self, name: str, count: int = 1, *, at_least: int = 0) -> int:
        """Move counter ``name`` on by ``count`` and return the first of the values taken (from 1, or after ``at_least``)."""
        ...

    def counter(self, name: str) -> int:
        """Return the last value taken from counter ``name``, 0 when none was."""
        ...

    def greatest_number(self, prefix: str, length: int) -> str | None:
        """Return the greatest number in use of ``length`` digits that starts with ``prefix``."""
        ...

    def reserve(self, record: LicenseRecord) -> bool:
        """Store an intent; False when its number, identifier or application is taken by one that is not void."""
        ...

    def lock_intents(self, identifiers: Collection[str]) -> frozenset[str]:
        """Return those that are still intents; until the transaction ends nobody else completes or voids them."""
        ...

    def complete(self, sealed: Sealed, document: bytes) -> bool:
        """Make an intent an issued licence and store its encrypted PDF; False when it is no intent any more."""
        ...

    def void(self, identifier: str, reason: str) -> bool:
        """Give an intent up; False when it is no intent any more."""
        ...

    def intents(self, *, limit: int) -> Sequence[LicenseRecord]:
        """Return intents that wait to be finished, oldest first."""
        ...

    def find_number(self, number: str) -> LicenseRecord | None:
        """Return the latest issued version of the licence with this number, or the intent of its first."""
        ...

    def find_successor(self, identifier: str) -> LicenseRecord | None:
        """Return the version (or intent) that replaces this one."""
        ...

    def find_digest(self, application_digest: str) -> LicenseRecord | None:
        """Return the licence (or intent) that this application led to and that is not void."""
        ...

    def find_license(self, identifier: str) -> LicenseRecord | None:
        """Return the licence (or intent) with this identifier that is not void."""
        ...

    def find_known(self, digests: Collection[str]) -> Mapping[str, Known]:
        """Return what is known of the issued licences whose documents have these SHA-256 (lower hex), by those."""
        ...

    def keep_readings(self, kept: Mapping[str, bytes]) -> None:
        """Keep what documents were read to show, by SHA-256; the first one stays."""
        ...

    def held_by(self, holder_id: str) -> Sequence[LicenseRecord]:
        """Return the issued licences of a holder, newest first."""
        ...

    def sealed_by(self, issuer_name: str, first: datetime, last: datetime) -> Sequence[str]:
        """Return the numbers of a department's licences that were sealed between two moments, the oldest first."""
        ...

    def licenses(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        type_code: str | None = None,
        area_code: str | None = None,
        holder_name: str | None = None,
        state: State | None = "issued",
    ) -> Sequence[tuple[int, LicenseRecord]]:
        """Return licences with their row keys, in the order in which they were asked for, from after row key ``after``."""
        ...

    def search(self, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> Sequence[tuple[int, LicenseRecord]]:
        """Return the issued licences that are ``wanted`` with their row keys, the newest first, from below row key ``before``."""
        ...

    def issued_since(self, since: datetime, *, after: int, limit: int) -> Sequence[tuple[int, LicenseRecord]]:
        """Return the licences sealed since a moment with their row keys, in their order, from after row key ``after``."""
        ...

    def find_document(self, identifier: str) -> bytes | None:
        """Return the encrypted PDF of an issued licence."""
        ...

    def set_status(self, identifier: str, *, before: StatusCode, after: StatusCode, at: datetime, reason: str) -> bool:
        """Change the status of an issued licence; False when it is not ``before`` any more."""
        ...

    def statuses(self) -> Iterator[tuple[int, StatusCode]]:
        """Return the status index and status of every issued licence that is not valid."""
        ...

    def find_published(self, what: str) -> Published | None:
        """Return what was last published under this name."""
        ...

    def put_published(self, what: str, newer: Published) -> None:
        """Replace what is published under this name, unless a newer one is there already."""
        ...


@dataclass(frozen=True, slots=True)
class LicenseDeps:
    """Everything that the operations of this room are given. ``described`` are the paths of rooms beside this one, for the API's description.

    ``take_apart`` does in a process of its own what ``reading_json.read`` does, or refuses. ``kept`` are proofs that need not be made twice.
    """

    node: Node
    policies: Licensing
    pki: PkiDeps
    trust: Trust
    vault: Vault
    clock: Clock
    work: UnitOfWork[LicenseRecords]
    visitors: Visitors
    take_apart: Callable[[bytes], bytes]
    templates: OwnTemplates | None = None
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    described: Callable[[dict[str, Any]], dict[str, Any]] = lambda _refused: {}
